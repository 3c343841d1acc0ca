"""The demo's month, created by the real services."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Membership
from config.demo.month import COUNT, AlreadySeededError, seed_month
from config.demo.scenarios import PEOPLE
from incidents.models import Incident, TimelineEntry
from incidents.vocabulary import Status

pytestmark = pytest.mark.django_db


def test_demo_month_is_created_once(workspace) -> None:
    clock = timezone.now
    assert seed_month(workspace) == COUNT
    assert timezone.now is clock
    incidents = list(Incident.objects.of(workspace.pk))
    assert [i.number for i in sorted(incidents, key=lambda i: i.number)] == list(range(1, COUNT + 1))
    statuses = Counter(i.status for i in incidents)
    assert statuses[Status.OPEN] >= 1
    assert statuses[Status.CLOSED] > COUNT / 2
    assert all(i.detected_at <= i.resolved_at <= clock() for i in incidents if i.resolved_at)
    assert TimelineEntry.objects.of(workspace.pk).count() > 3 * COUNT
    assert Membership.objects.of(workspace.pk).count() == len(PEOPLE)
    with pytest.raises(AlreadySeededError):
        seed_month(workspace)


@pytest.mark.whole
def test_command_prints_what_it_did(workspace, capsys) -> None:
    for text in (f"{COUNT} incidents", "has its demo already"):
        call_command("seed_demo")
        assert text in capsys.readouterr().out
    assert Incident.objects.of(workspace.pk).count() == COUNT
