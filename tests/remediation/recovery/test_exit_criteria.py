"""Exit criteria not covered elsewhere: response times, the checklist, and an item ticked by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actor import system_actor
from detection.rules.services.rules import install_builtin_rules
from incidents.lifecycle.services.responding import change_stage
from incidents.models import ChecklistItem, Incident
from incidents.recovery.services import evaluate_recovery
from incidents.stages.services.checklists import tick_item

pytestmark = pytest.mark.django_db


def outcome_of(incident, name):
    """(verdict, why, measured) of one criterion, about the last minute."""
    now = timezone.now()
    window, since = timedelta(seconds=60), now - timedelta(seconds=100)
    evaluation = evaluate_recovery(incident, since=since, now=now, window=window)
    [outcome] = [found for one, found in evaluation.outcomes if one.name == name]
    return outcome.verdict.value, outcome.why, outcome.is_measured


def slow(seconds_ago, milliseconds, number):
    """An event of checkout that names its response time and the limit."""
    at = timezone.now() - timedelta(seconds=seconds_ago)
    return {
        "event_id": f"{number}", "source": "checkout", "event_type": "slow_request", "severity": "medium",
        "message": f"Request took {milliseconds} ms", "timestamp": at.isoformat(),
        "metadata": {"duration_ms": milliseconds, "threshold_ms": 1000},
    }  # fmt: skip


@pytest.fixture
def degraded(workspace, ingest):
    """An incident of slow requests, which ended two minutes ago."""
    install_builtin_rules(system_actor(workspace.pk))
    ingest([slow(120 + n, 5200, n) for n in range(12)])
    return Incident.objects.of(workspace.pk).get()


@pytest.mark.parametrize(
    ("milliseconds", "verdict", "reason"),
    [(200, "pass", "95 % within 200 ms; the limit is 1000 ms."), (4000, "fail", "95 % within 4000 ms"),
     (None, "unknown", "No event names a response time since.")],
    ids=["fast", "slow", "silent"],
)  # fmt: skip
def test_response_times_are_checked_against_the_limit_in_the_events(
    degraded, ingest, milliseconds, verdict, reason
):
    if milliseconds:
        event = slow(0, milliseconds, 99) | {"event_type": "request", "severity": "info"}
        ingest([event])
    found, why, is_measured = outcome_of(degraded, "response_times")
    assert (found, reason in why, is_measured) == (verdict, True, True)


def test_incident_without_a_limit_is_not_measured(incident):
    assert outcome_of(incident, "response_times")[::2] == ("unknown", False)


@pytest.fixture
def items(incident, actor):
    """The items of its recovery checklist, all of them required."""
    change_stage(actor, number=incident.number, stage="recovery", message="Fixed.")
    found = ChecklistItem.objects.of(incident.workspace_id).filter(incident=incident, stage="recovery")
    found.update(is_required=True)
    return list(found)


def test_required_items_left_fail_and_all_ticked_pass(incident, actor, items):
    assert outcome_of(incident, "checklist_done")[:2] == ("fail", f"{len(items)} required items left.")
    for item in items:
        tick_item(actor, number=incident.number, stage="recovery", position=item.position)
    assert outcome_of(incident, "checklist_done")[:2] == ("pass", "All are done.")


def test_exit_criterion_that_a_person_ticks_passes_and_is_no_positive_sign(incident, actor, items):
    assert outcome_of(incident, "error_rate")[0] == "unknown"
    [item] = [one for one in items if one.criterion == "error_rate" and one.kind == "exit"]
    tick_item(actor, number=incident.number, stage="recovery", position=item.position)
    assert outcome_of(incident, "error_rate") == ("pass", f"Ticked by {actor.label}.", True)
    now = timezone.now()
    evaluation = evaluate_recovery(incident, since=now, now=now, window=timedelta(seconds=10))
    assert not evaluation.is_recovered
