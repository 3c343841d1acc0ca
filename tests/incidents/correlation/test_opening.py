"""Opening incidents for findings: numbered without gaps, joined by fingerprint, cheap in bulk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from core.models import OutboxDispatch, OutboxEvent
from incidents.correlation.services.opening import JoinedEvents, add_joined_events, report_signals
from incidents.models import AffectedComponent, Component, Incident, IncidentSignal, SlaPolicy
from incidents.sla.services.clocks import seed_policies
from incidents.vocabulary import EntryKind, Severity
from tests.incidents.make import NOW, fingerprint, signal

MINUTE = timedelta(minutes=1)


def test_signal_opens_incident_number_one(detected):
    incident = detected()
    assert (incident.number, incident.reference, incident.status, incident.version) == (1, "INC-1", "open", 1)
    assert (incident.severity, incident.source, incident.event_count) == ("sev2", "detected", 5)
    assert incident.fingerprint == fingerprint("checkout")


def test_times_of_detection_are_known(detected):
    incident = detected()
    assert incident.started_at == NOW - timedelta(seconds=20)
    assert incident.detected_at == NOW
    assert incident.mttd == 20.0
    assert (incident.mtta, incident.mttr) == (None, None)


def test_start_after_the_detection_is_refused(detected):
    assert detected(started_at=NOW + 3 * MINUTE).mttd == 0.0


def test_opening_leaves_one_entry_one_audit_row_and_one_event(detected, timeline, audited, published_topics):
    [entry] = timeline(detected())
    assert (entry.kind, entry.author_label, entry.occurred_at) == (EntryKind.DETECTED, "Tocsin", NOW)
    assert "the rule service_errors" in entry.message
    assert audited() == ["incident.open"]
    assert published_topics() == ["incident.opened"]


def test_opened_incident_is_pushed_to_open_pages(detected):
    detected()
    event = OutboxEvent.objects.get()
    assert event.payload["live"] == ["incidents", "activity", "incident:1"]
    assert OutboxDispatch.objects.filter(event=event, subscriber="live").count() == 1


def test_components_are_made_on_first_sight_and_marked(workspace, detected):
    incident = detected(components=("checkout", "payments", "checkout"))
    names = AffectedComponent.objects.of(workspace.pk).filter(incident=incident)
    assert sorted(names.values_list("component__name", flat=True)) == ["checkout", "payments"]
    detected("other", components=("payments",))
    assert Component.objects.of(workspace.pk).count() == 2


def test_deadlines_follow_the_standard_policy(detected):
    incident = detected(severity=Severity.SEV1)
    assert incident.acknowledge_due_at == NOW + 15 * MINUTE


def test_deadlines_follow_the_workspaces_own_policy(workspace, detected):
    seed_policies(workspace.pk)
    SlaPolicy.objects.of(workspace.pk).filter(severity="sev2").update(acknowledge_within=7, update_every=None)
    incident = detected(severity=Severity.SEV2)
    assert (incident.acknowledge_due_at, incident.update_due_at) == (NOW + 7 * MINUTE, None)


def test_seeding_policies_again_preserves_changes(workspace):
    seed_policies(workspace.pk)
    SlaPolicy.objects.of(workspace.pk).filter(severity="sev1").update(acknowledge_within=3)
    seed_policies(workspace.pk)
    assert SlaPolicy.objects.of(workspace.pk).count() == 4
    assert SlaPolicy.objects.of(workspace.pk).get(severity="sev1").acknowledge_within == 3


def test_same_fingerprint_joins_quietly(detected, report, timeline, audited, published_topics):
    incident = detected()
    [outcome] = report(signal(event_count=3, last_at=NOW + MINUTE), now=NOW + MINUTE)
    incident.refresh_from_db()
    assert (outcome.opened, outcome.number) == (False, 1)
    assert (incident.event_count, incident.last_event_at) == (8, NOW + MINUTE)
    assert incident.version == 1
    assert len(timeline(incident)) == len(audited()) == 1
    assert published_topics() == ["incident.opened", "incident.events_joined"]


def test_another_detector_joins_by_name_and_raises_the_severity(
    workspace, detected, report, timeline, audited
):
    incident = detected()
    worse = signal("down", reporter="rule:service_down", severity=Severity.SEV1, joins=incident.pk)
    [outcome] = report(worse, now=NOW + MINUTE)
    incident.refresh_from_db()
    assert outcome.incident_id == incident.pk
    assert (incident.severity, incident.version, incident.event_count) == ("sev1", 2, 10)
    assert incident.acknowledge_due_at == NOW + 15 * MINUTE
    assert [entry.kind for entry in timeline(incident)] == ["detected", "event", "severity_change"]
    assert audited() == ["incident.open", "incident.join"]
    assert AuditEntry.objects.of(workspace.pk).get(action="incident.join").changes == {
        "severity": ["sev2", "sev1"]
    }
    assert IncidentSignal.objects.of(workspace.pk).count() == 2


def test_detector_that_joined_is_found_by_its_own_fingerprint_from_then_on(detected, report):
    incident = detected()
    report(signal("down", reporter="rule:service_down", joins=incident.pk))
    [outcome] = report(signal("down", reporter="rule:service_down"))
    assert (outcome.incident_id, outcome.opened) == (incident.pk, False)


def test_milder_detector_lowers_nothing(detected, report):
    incident = detected()
    report(signal("mild", reporter="rule:mild", severity=Severity.SEV4, joins=incident.pk))
    incident.refresh_from_db()
    assert (incident.severity, incident.version) == ("sev2", 1)


def test_manually_lowered_severity_stays_when_the_same_detector_fires_again(actor, detected, report):
    from incidents.lifecycle.services.responding import change_severity

    incident = detected(severity=Severity.SEV1)
    change_severity(actor, number=1, severity="low")
    report(signal(severity=Severity.SEV1))
    incident.refresh_from_db()
    assert incident.severity == "sev4"


def test_resolved_incident_is_not_joined(actor, detected, report):
    from incidents.lifecycle.services.resolving import resolve_incident

    first = detected()
    resolve_incident(actor, number=1)
    [same, named] = report(signal(), signal("new", joins=first.pk))
    assert [(same.opened, same.number), (named.opened, named.number)] == [(True, 2), (True, 3)]


def test_signals_of_one_call_with_one_fingerprint_are_one_incident(report):
    first, second = report(signal(), signal(event_count=2))
    assert (first.opened, second.opened, first.incident_id == second.incident_id) == (True, False, True)


def test_signal_joins_the_incident_of_the_one_it_follows(workspace, report, timeline):
    worse = signal("down", reporter="rule:service_down", severity=Severity.SEV1, event_count=0, follows=0)
    first, second, other = report(signal(event_count=5), worse, signal("other"))
    assert (second.incident_id, second.opened) == (first.incident_id, False)
    assert other.opened
    incident = Incident.objects.of(workspace.pk).get(pk=first.incident_id)
    assert (incident.event_count, incident.severity, incident.version) == (5, "sev1", 1)
    assert [entry.kind for entry in timeline(incident)] == ["detected", "event", "severity_change"]


def test_outcomes_come_in_the_order_of_the_signals(report):
    report(signal("b"))
    outcomes = report(signal("a"), signal("b"), signal("c"), signal("a"))
    assert [(o.number, o.opened) for o in outcomes] == [(2, True), (1, False), (3, True), (2, False)]


def test_text_of_a_detector_is_truncated_not_refused(detected):
    incident = detected(title="x\x00y" * 200, description="a\x00b", components=("n" * 300, "\x00", "ok"))
    assert len(incident.title) == 200
    assert incident.description == "ab"
    assert incident.affected.count() == 2


def test_empty_report_runs_no_statement(workspace):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert report_signals(workspace.pk, [], now=NOW) == []
        add_joined_events(workspace.pk, [])
    assert len(queries) == 0


def _statements(workspace, signals):
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        report_signals(workspace.pk, signals, now=NOW)
    return len(queries)


def test_number_of_statements_does_not_grow_with_the_number_of_signals(workspace):
    _statements(workspace, [signal("warm")])
    one = _statements(workspace, [signal("one")])
    hundred = _statements(workspace, [signal(n) for n in range(100)])
    assert one == hundred
    assert hundred <= 20


def test_joining_a_hundred_incidents_costs_what_joining_one_does(workspace):
    signals = [signal(n) for n in range(100)]
    _statements(workspace, signals)
    assert _statements(workspace, signals) == _statements(workspace, signals[:1]) <= 18


def test_events_of_an_incident_are_counted_once_each_and_leave_no_entry(
    workspace, detected, timeline, published_topics
):
    incident = detected()
    late = NOW + MINUTE
    with transaction.atomic():
        add_joined_events(
            workspace.pk, [JoinedEvents(incident.pk, 4, late), JoinedEvents(incident.pk, 2, NOW)]
        )
    incident.refresh_from_db()
    assert (incident.event_count, incident.last_event_at, incident.version) == (11, late, 1)
    assert len(timeline(incident)) == 1
    assert published_topics() == ["incident.opened", "incident.events_joined"]


def test_joined_events_name_new_components_once(workspace, detected):
    incident = detected()
    more = JoinedEvents(incident.pk, 1, NOW, ("checkout", "cart"))
    for _ in range(2):
        with transaction.atomic():
            add_joined_events(workspace.pk, [more])
    assert sorted(incident.affected.values_list("component__name", flat=True)) == ["cart", "checkout"]


def test_counting_takes_few_statements_for_many_incidents(workspace, report):
    ids = [o.incident_id for o in report(*[signal(n) for n in range(50)])]
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        add_joined_events(workspace.pk, [JoinedEvents(pk, 1, NOW, (str(n),)) for n, pk in enumerate(ids)])
    assert len(queries) <= 7  # two of them are the savepoint's


def test_another_workspaces_incident_is_neither_joined_nor_counted(other_workspace, detected):
    incident = detected()
    with transaction.atomic():
        add_joined_events(other_workspace.pk, [JoinedEvents(incident.pk, 9, NOW, ("x",))])
        [outcome] = report_signals(other_workspace.pk, [signal("x", joins=incident.pk)], now=NOW)
    incident.refresh_from_db()
    assert (incident.event_count, incident.affected.count()) == (5, 1)
    assert outcome.opened
    assert outcome.number == 1


def test_every_workspace_counts_for_itself(other_workspace, detected):
    assert detected().number == 1
    with transaction.atomic():
        [outcome] = report_signals(other_workspace.pk, [signal()], now=NOW)
    assert (outcome.number, outcome.opened) == (1, True)


def test_database_itself_refuses_a_second_unresolved_incident_of_a_fingerprint(detected):
    incident = detected()
    with pytest.raises(IntegrityError, match="one_unresolved_per_fingerprint"), transaction.atomic():
        Incident.objects.create(
            workspace_id=incident.workspace_id, number=99, fingerprint=incident.fingerprint,
            title="twin", started_at=NOW, detected_at=NOW,
        )  # fmt: skip


def test_rolled_back_opening_releases_its_number(report):
    with transaction.atomic():
        report(signal("gone"))
        transaction.set_rollback(True)
    assert report(signal())[0].number == 1


@pytest.mark.django_db(transaction=True)
def test_reporting_outside_a_transaction_is_refused(workspace):
    with pytest.raises(transaction.TransactionManagementError):
        report_signals(workspace.pk, [signal()], now=NOW)
