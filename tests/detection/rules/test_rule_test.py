"""A rule test returns what detection would do, and does nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from accounts.actor import system_actor
from accounts.models import AuditEntry
from core.errors import Forbidden, Invalid
from core.models import OutboxEvent
from core.sql.prepared import rows
from detection.evaluation.services.draining import drain
from detection.ingest.services.accept_events import accept_events
from detection.models import DetectionRule, Event, Finding
from detection.rules.sample_events import MAX_TEXT, pasted_events, stored_events
from detection.rules.services.rule_test import run_draft_test
from detection.rules.services.rules import create_rule
from incidents.models import Incident

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DRAFT = {"error_threshold": 3, "time_window_seconds": 60, "minimum_level": "error"}


def lines(seconds, source="api", **fields):
    """Events at these seconds past noon, as someone pastes them."""
    return [
        {"source": source, "level": "error", "message": f"no {second}",
         "timestamp": (NOW + timedelta(seconds=second)).isoformat()} | fields
        for second in seconds
    ]  # fmt: skip


def trial(admin, events, **draft):
    return run_draft_test(admin, fields=DRAFT | draft, events=pasted_events(json.dumps(events), now=NOW))


def test_burst_has_title_time_and_counts(admin):
    result = trial(admin, lines([0, 10, 20, 30, 500]), name="Slow", severity="sev1")
    (burst,) = result.bursts
    assert (result.events, result.matched) == (5, 5)
    assert (burst.title, burst.severity.value, burst.group) == ("Slow in api", "sev1", "api")
    assert (burst.opened_at, burst.started_at) == (NOW + timedelta(seconds=20), NOW)
    assert (burst.in_window, burst.counted) == (3, 5)
    assert "no 0" in burst.description


@pytest.mark.parametrize(
    ("seconds", "draft", "bursts"),
    [
        ([0, 20, 59], {}, 1),
        ([0, 20, 60], {}, 0),
        ([0, 0, 0], {}, 1),
        ([0, 1], {}, 0),
        ([0, 20, 40], {"error_threshold": 4}, 0),
        ([0, 20, 40], {"minimum_level": "fatal"}, 0),
        ([0, 20, 40], {"sources": ["web"]}, 0),
        ([0, 20, 40], {"event_types": ["nope"]}, 0),
        ([0, 20, 40], {"message_pattern": "no [024]+"}, 1),
        ([0, 20, 41], {"message_pattern": "no [024]+$"}, 0),
        ([0, 20, 40], {"min_components_affected": 2, "group_by": "workspace"}, 0),
        ([0, 20, 40], {"group_by": "workspace"}, 1),
        ([0, 20, 40], {"group_by": "correlation_id"}, 0),
        ([0, 20, 40], {"enabled": False}, 1),
        ([0, 20, 40], {"dry_run": True}, 1),
    ],
)
def test_rule_test_opens_exactly_where_detection_would(admin, seconds, draft, bursts):
    assert len(trial(admin, lines(seconds), **draft).bursts) == bursts


def test_groups_are_counted_separately_and_quiet_ones_are_listed(admin):
    result = trial(admin, lines([0, 1, 2], "api") + lines([0, 1], "web") + lines([3], "job"))
    assert [burst.group for burst in result.bursts] == ["api"]
    assert [(one.group, one.matched) for one in result.quiet] == [("web", 2), ("job", 1)]


def test_rule_with_minimum_sources_fires_on_several_sources(admin):
    events = lines([0, 1], "api") + lines([2], "web")
    assert len(trial(admin, events, group_by="workspace", min_components_affected=2).bursts) == 1
    assert len(trial(admin, events, group_by="workspace", min_components_affected=3).bursts) == 0


def test_event_that_does_not_match_breaks_a_run(admin):
    broken = [*lines([0, 1]), *lines([2], level="info"), *lines([3, 4])]
    assert len(trial(admin, broken).bursts) == 1
    assert len(trial(admin, broken, require_consecutive=True).bursts) == 0


def test_rule_test_stores_counts_and_publishes_nothing(admin, workspace):
    trial(admin, lines([0, 1, 2]))
    for model in (Event, Finding, Incident, AuditEntry, DetectionRule):
        assert not model.objects.of(workspace.pk).exists()
    assert not OutboxEvent.objects.exists()
    assert rows("select count(*) from detection_rule_hit") == [(0,)]


def test_rule_test_agrees_with_detection_on_the_same_events(admin, workspace):
    system = system_actor(workspace.pk)
    rule = create_rule(
        system, fields=DRAFT | {"rule_id": "r", "name": "R", "incident_type": "other", "severity": "sev3"}
    )
    for source, count in (("api", 4), ("web", 2)):
        body = [{"source": source, "level": "error", "message": "m"}] * count
        accept_events(system, body=json.dumps(body).encode())
    drain()
    events, is_cut = stored_events(admin, minutes=5, now=datetime.now(UTC))
    result = run_draft_test(admin, fields=DRAFT | {"name": "R"}, events=events)
    did = Finding.objects.of(workspace.pk).get(rule=rule)
    (burst,) = result.bursts
    assert not is_cut
    assert (burst.group, burst.in_window, burst.opened_at) == (did.group_key, did.event_count, did.window_end)
    assert Incident.objects.of(workspace.pk).get().title == burst.title


@pytest.mark.parametrize("minutes", [0, -1, 1441])
def test_stored_events_are_of_a_minute_to_a_day(admin, minutes):
    with pytest.raises(Invalid) as refusal:
        stored_events(admin, minutes=minutes, now=NOW)
    assert refusal.value.faults[0].field == "minutes"


def test_plain_lines_are_error_messages_and_json_lines_are_events():
    text = 'disk full\n{"service": "db", "level": "fatal", "message": "gone"}\n\n"quoted"'
    first, second, third = (one.event for one in pasted_events(text, now=NOW))
    assert (first.source, first.level, first.message) == ("sample", 3, "disk full")
    assert (second.source, second.level) == ("db", 5)
    assert third.message == '"quoted"'


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "events"), ("  \n ", "events"), ("x" * (MAX_TEXT + 1), "events"), ("[]", "events"),
        ("7", "events"),
        ('{"events": 5}', "events"), ('[{"level": "error"}]', "events[0].source"),
        ('[{"source": "a"}, {"source": "a", "level": "loud"}]', "events[1].level"), ("[1]", "events[0]"),
        ('{"source": "a\\u0000"}', "events[0].source"), ("[NaN]", "events[0]"), ("a\n" * 1001, "events"),
    ],
)  # fmt: skip
def test_unreadable_value_is_named(text, field):
    with pytest.raises(Invalid) as refusal:
        pasted_events(text, now=NOW)
    assert [fault.field for fault in refusal.value.faults] == [field]


def test_only_rule_editors_may_test_a_rule(actor):
    with pytest.raises(Forbidden):
        trial(actor, lines([0]))
