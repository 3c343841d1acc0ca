"""Evidence computed from an incident's events, and the number of users people enter."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.sql.prepared import plan_once
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db


@pytest.fixture
def refresh():
    from detection.evaluation.services.incident_evidence import refresh_evidence

    return lambda later=0: refresh_evidence(timezone.now() + timedelta(seconds=later))


@pytest.fixture
def evidence(workspace):
    from incidents.models import IncidentEvidence

    return lambda: IncidentEvidence.objects.of(workspace.pk).get()


@pytest.fixture
def burst(make_rule, send):
    """Eight database errors of two users, two API errors and two informational events in one incident."""
    make_rule(group_by="workspace", minimum_level=1, error_threshold=12)
    send(
        errors(
            8,
            source="database",
            over=4,
            ago=5,
            event_type="pool_exhausted",
            metadata={"user_id": "u1", "cpu": 95},
        )
        + errors(2, source="api", over=1, ago=3, event_type="timeout", metadata={"user_id": "u2"})
        + [
            e | {"level": "info"}
            for e in errors(2, source="api", over=1, ago=1, metadata={"cpu_percent": 40})
        ]
    )


def test_evidence_counts_types_and_sources(burst, refresh, evidence):
    assert refresh() == 1
    found = evidence()
    assert (found.event_count, found.error_count) == (12, 10)
    assert found.source_distribution == {"database": 8, "api": 4}
    assert found.error_distribution["pool_exhausted"] == 8
    assert (found.primary_type, found.primary_source, found.first_source) == (
        "pool_exhausted", "database", "database",
    )  # fmt: skip
    assert (found.people_affected, found.metrics_before, found.metrics_after) == (
        2,
        {"cpu": 95.0},
        {"cpu": 40.0},
    )


def test_evidence_has_the_first_event_of_each_source_and_type_with_credentials_masked(
    make_rule, send, refresh, evidence
):
    make_rule(group_by="workspace", minimum_level=1, error_threshold=8)
    secret = "password=hunter2hunter2"
    send(
        errors(4, source="database", ago=3, event_type="pool_exhausted", message=f"Pool full, {secret}")
        + errors(3, source="api", over=2, ago=1, event_type="timeout", message="t" * 400)
        + errors(1, source="api", ago=5, event_type="refused", message="first of api")
    )
    refresh()
    found = evidence().first_events
    assert [(one["source"], one["event_type"]) for one in found] == [
        ("database", "pool_exhausted"), ("api", "refused"), ("api", "timeout"),
    ]  # fmt: skip
    assert found[0]["message"].startswith("Pool full, ")
    assert "hunter2" not in found[0]["message"]
    assert found[2]["message"] == "t" * 300
    times = [datetime.fromisoformat(one["at"]) for one in found]
    assert times == sorted(times)


@pytest.mark.parametrize("name", ["usage_percent", "used_percent"])
def test_usage_of_memory_or_disk_is_a_reading(make_rule, send, refresh, evidence, name):
    make_rule()
    send(errors(3, ago=2, metadata={name: 95}) + errors(3, over=1, metadata={name: 40}))
    refresh()
    assert (evidence().metrics_before, evidence().metrics_after) == ({"usage": 95.0}, {"usage": 40.0})


def test_peak_error_rate_is_percent_of_worst_minute(make_rule, send, refresh, evidence):
    make_rule()
    minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=2)
    times = [(minute + timedelta(seconds=n)).isoformat() for n in range(10)]
    batch = errors(6) + [e | {"level": "info"} for e in errors(4)]
    send([event | {"timestamp": at} for event, at in zip(batch, times, strict=True)])
    refresh()
    assert evidence().peak_at == minute
    assert evidence().peak_error_rate == 60.0


def test_refresh_without_new_events_computes_nothing(burst, refresh):
    refresh()
    assert refresh(5) == 0


def test_refresh_after_more_events_counts_them(burst, refresh, evidence, send):
    refresh()
    send(errors(3, source="worker", over=1))
    assert refresh(5) == 1
    assert evidence().event_count == 15


def test_without_allowance_only_incidents_without_evidence_are_computed(burst, send, refresh):
    from detection.evaluation.services.incident_evidence import Allowance, refresh_evidence

    spent, now = Allowance(share=0.0, max_s=0.0), timezone.now()
    assert refresh_evidence(now, spent) == 1
    send(errors(3, source="worker", over=1))
    assert refresh_evidence(now + timedelta(seconds=6), spent) == 0
    assert refresh(6) == 1


def test_allowance_grows_with_time_and_is_spent(monkeypatch):
    from detection.evaluation.services import incident_evidence

    clock = iter([0.0, 0.0, 0.0, 3.0, 5.0, 5.1, 25.0, 26.0])
    monkeypatch.setattr(incident_evidence.time, "monotonic", lambda: next(clock))
    allowance = incident_evidence.Allowance(share=0.1, max_s=1.0)
    assert allowance.is_left()
    with allowance.spending():
        pass  # three seconds: 2 more than there were
    assert not allowance.is_left()
    assert allowance.left_s == pytest.approx(-1.5)
    assert not allowance.is_left()
    assert allowance.is_left()
    assert allowance.left_s == pytest.approx(0.5)


def test_recorded_evidence_is_published_once(burst, refresh, workspace):
    from core.models import OutboxEvent

    refresh()
    refresh(5)
    events = OutboxEvent.objects.filter(workspace_id=workspace.pk, topic="incident.evidence_recorded")
    assert events.count() == 1


def test_evidence_of_another_workspace_is_not_written(burst, other_workspace, workspace):
    from incidents.evidence.services import record_evidence
    from incidents.models import Incident, IncidentEvidence

    incident = Incident.objects.of(workspace.pk).get()
    record_evidence(other_workspace.pk, [IncidentEvidence(incident_id=incident.pk, event_count=9)])
    assert not IncidentEvidence.objects.of(other_workspace.pk).exists()


@pytest.mark.parametrize(("given", "stored"), [(0, 0), ("1200", 1200), ("", None)])
def test_users_impacted_is_stored_and_audited(actor, given, stored):
    from accounts.models import AuditEntry
    from incidents.correlation.services.opening import declare_incident
    from incidents.lifecycle.services.responding import edit_incident

    made = declare_incident(actor, title="Checkout is down")
    edit_incident(actor, number=made.number, users_impacted=7)
    now = edit_incident(actor, number=made.number, users_impacted=given)
    assert now.users_impacted == stored
    newest = AuditEntry.objects.of(actor.workspace_id).latest("id")
    assert newest.changes["users_impacted"] == [7, stored]


@pytest.mark.parametrize("given", ["-1", "many", "1.5", True, 10**11])
def test_users_impacted_that_is_no_count_is_refused(actor, given):
    from core.errors import Invalid
    from incidents.correlation.services.opening import declare_incident
    from incidents.lifecycle.services.responding import edit_incident

    made = declare_incident(actor, title="Checkout is down")
    with pytest.raises(Invalid) as refused:
        edit_incident(actor, number=made.number, users_impacted=given)
    assert refused.value.faults[0].field == "users_impacted"


def test_events_are_looked_up_by_their_keys_whatever_the_statistics(burst, workspace):
    """Else a day's events are all read for each incident, as long as the partition has no statistics."""
    from detection.evaluation.evidence_sql import SUMMARY
    from incidents.models import Incident

    now, names = timezone.now(), ["cpu"]
    incident = Incident.objects.of(workspace.pk).get()
    given = [workspace.pk, now - timedelta(hours=3), now + timedelta(hours=3), workspace.pk, incident.pk]
    for pages in (0, 100_000):
        with connection.cursor() as cursor:
            cursor.execute(
                "update pg_class set relpages = %s, reltuples = %s where relname like 'detection%%event%%'"
                " and relkind = 'r'", [pages, pages * 20 or -1],
            )  # fmt: skip
            plan_once()
            cursor.execute(f"explain (format json) {SUMMARY}", [*given, 20, names, names, *given[:3]])
            [(plans,)] = cursor.fetchall()
        read = [node for node in nodes(plans[0]["Plan"]) if "event_2" in node.get("Relation Name", "")]
        assert read
        assert all(re.search(r"\(id = \w+\.(event_)?id\)", node.get("Index Cond", "")) for node in read)


def nodes(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)
