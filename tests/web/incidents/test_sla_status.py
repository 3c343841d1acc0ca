"""The SLA status: next deadline, and warnings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core.templatetags.ui import avatar, compact, moment
from incidents.models import Incident
from incidents.sla.status import sla_status_of

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def _incident(**fields):
    due = {
        "status": "open",
        "acknowledge_due_at": START + timedelta(minutes=10),
        "resolve_due_at": START + timedelta(hours=4),
    }
    return Incident(detected_at=START, **(due | fields))


@pytest.mark.parametrize(
    ("minutes", "state"), [(0, "ok"), (7, "ok"), (8, "warn"), (9.9, "warn"), (10, "missed")]
)
def test_clock_warns_from_eighty_percent_and_is_missed_at_its_deadline(minutes, state):
    assert sla_status_of(_incident(), START + timedelta(minutes=minutes)).state == state


def test_after_the_acknowledgement_the_sooner_of_update_and_resolve_counts():
    incident = _incident(acknowledged_at=START, update_due_at=START + timedelta(minutes=30))
    assert sla_status_of(incident, START).label == "Update"


def test_resolved_incident_has_no_clock():
    assert sla_status_of(_incident(status="resolved"), START) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3600, "1h"),
        (3700, "1h 1m"),
        (90_000, "1d 1h"),
        (2_000_000, "23d"),
    ],
)
def test_spans_are_short(seconds, words):
    assert compact(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize("name", ["", "…", "dana.ruiz", "李雷", "<b>"])
def test_any_name_has_an_avatar_and_no_markup_of_its_own(name):
    assert "<b>" not in avatar(name)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (START - timedelta(seconds=59), "just now"),
        (START - timedelta(days=29, hours=23), "29d ago"),
        (START - timedelta(days=30), "22 Oct 2026"),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), "1 Jan 2026"),  # the viewer's day
    ],
)
def test_old_time_is_shown_by_its_date(time_machine, at, words):
    time_machine.move_to(START, tick=False)
    with timezone.override("Europe/Berlin"):
        assert re.findall(r">([^<]+)<", moment(at)) == [words]
