"""Sixteen threads at once on a real PostgreSQL: one change, one entry, no gap, no duplicate, no deadlock."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import pytest
from django.db import connection, transaction

from accounts.models import AuditEntry
from core.errors import Conflict
from incidents.correlation.services.opening import (
    JoinedEvents,
    add_joined_events,
    declare_incident,
    report_signals,
)
from incidents.evidence.services import record_evidence
from incidents.lifecycle.services.resolving import reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident, edit_incident
from incidents.models import (
    AffectedComponent,
    Component,
    Incident,
    IncidentCounter,
    IncidentEvidence,
    TimelineEntry,
)
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_note
from tests.incidents.make import NOW, signal
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16


def _failures(results):
    return [result for result in results if isinstance(result, Exception)]


def _people(actor):
    """Sixteen different actors with the responder's rights."""
    return [
        dataclasses.replace(actor, kind="token", user_id=None, token_id=n, label=f"hand {n}")
        for n in range(THREADS)
    ]


def _report(workspace, *signals):
    with transaction.atomic():
        return report_signals(workspace.pk, signals, now=NOW)


def test_numbers_have_no_gap_and_no_double(workspace, actor):
    def open_five(index):
        for round_ in range(3):
            _report(workspace, signal((index, round_)))
        for _ in range(2):
            declare_incident(actor, title=f"From {index}")

    assert _failures(at_once(THREADS, open_five)) == []
    numbers = sorted(Incident.objects.of(workspace.pk).values_list("number", flat=True))
    assert numbers == list(range(1, THREADS * 5 + 1))
    assert IncidentCounter.objects.get(pk=workspace.pk).last_number == THREADS * 5


def test_opening_does_not_wait_for_a_change_of_its_component(workspace):
    Component.objects.of(workspace.pk).bulk_create([Component(workspace_id=workspace.pk, name="api")])
    changing = connection.copy()
    try:
        with changing.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute("update incidents_component set description = 'in the middle of it'")
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = '1s'")
            report_signals(workspace.pk, [signal("a", components=("api", "new"))], now=NOW)
    finally:
        changing.close()
    named = AffectedComponent.objects.of(workspace.pk).values_list("component__name", flat=True)
    assert sorted(named) == ["api", "new"]


def test_openings_that_fail_leave_no_gap(workspace):
    def maybe(index):
        with transaction.atomic():
            report_signals(workspace.pk, [signal(index)], now=NOW)
            transaction.set_rollback(index % 2 == 0)

    assert _failures(at_once(THREADS, maybe)) == []
    numbers = sorted(Incident.objects.of(workspace.pk).values_list("number", flat=True))
    assert numbers == list(range(1, THREADS // 2 + 1))


def test_one_form_sent_sixteen_times_at_once_is_one_incident(workspace, actor):
    results = at_once(THREADS, lambda n: declare_incident(actor, title="Once", request_key="one form"))
    assert _failures(results) == []
    assert {result.number for result in results} == {1}
    assert Incident.objects.of(workspace.pk).count() == 1


def test_one_fingerprint_is_one_incident_and_every_event_is_counted(workspace):
    results = at_once(THREADS, lambda index: _report(workspace, signal("same")))
    assert _failures(results) == []
    assert Counter(outcome.opened for [outcome] in results) == {True: 1, False: THREADS - 1}
    incident = Incident.objects.of(workspace.pk).get()
    assert incident.event_count == THREADS * 5


def test_shuffled_bulk_reports_of_the_same_fingerprints_meet_without_a_deadlock(workspace):
    def report_all(index):
        order = list(range(20))
        random.Random(index).shuffle(order)
        signals = [signal(n, components=(f"c{n}", f"c{(n * 7) % 20}")) for n in order]
        outcomes = _report(workspace, *signals)
        joined = [JoinedEvents(o.incident_id, 1, NOW, (f"late{index % 3}",)) for o in outcomes]
        with transaction.atomic():
            add_joined_events(workspace.pk, joined)
            report_signals(workspace.pk, signals[:3], now=NOW)

    assert _failures(at_once(THREADS, report_all)) == []
    counts = Incident.objects.of(workspace.pk).values_list("event_count", flat=True)
    assert len(counts) == 20
    assert sum(counts) == THREADS * (20 * 5 + 20 + 3 * 5)


def test_sixteen_acknowledging_at_once_are_one_and_the_rest_learn_who(workspace, actor, make_actor):
    declare_incident(actor, title="x")
    people = [make_actor("responder", username=f"hand{n}") for n in range(THREADS)]
    results = at_once(THREADS, lambda n: acknowledge_incident(people[n], number=1))
    [winner] = [people[n].label for n, result in enumerate(results) if isinstance(result, Incident)]
    losers = _failures(results)
    assert len(losers) == THREADS - 1
    assert {type(loser) for loser in losers} == {Conflict}
    assert {loser.extra["by"] for loser in losers} == {winner}
    assert TimelineEntry.objects.of(workspace.pk).filter(kind="acknowledged").count() == 1
    assert AuditEntry.objects.of(workspace.pk).filter(action="incident.acknowledge").count() == 1


def test_double_click_on_resolve_is_one_resolution_and_no_complaint(workspace, actor):
    declare_incident(actor, title="x")
    results = at_once(THREADS, lambda n: resolve_incident(actor, number=1, version=1))
    assert _failures(results) == []
    assert {result.version for result in results} == {2}
    assert AuditEntry.objects.of(workspace.pk).filter(action="incident.resolve").count() == 1


def test_edits_of_one_version_let_one_through(actor):
    declare_incident(actor, title="x")
    results = at_once(THREADS, lambda n: edit_incident(actor, number=1, title=f"title {n}", version=1))
    assert len(_failures(results)) == THREADS - 1
    assert {failure.extra["current"]["version"] for failure in _failures(results)} == {2}


def test_note_sent_sixteen_times_at_once_is_one_note(workspace, actor):
    declare_incident(actor, title="x")
    assert _failures(at_once(THREADS, lambda n: add_note(actor, number=1, message="Once"))) == []
    assert TimelineEntry.objects.of(workspace.pk).filter(kind="note").count() == 1


def test_concurrent_assignments_leave_one_holder(workspace, actor, make_actor):
    declare_incident(actor, title="x")
    people = [make_actor("responder") for _ in range(THREADS)]
    results = at_once(THREADS, lambda n: assign_role(people[n], number=1, user_id=people[n].user_id))
    assert _failures(results) == []
    held = Incident.objects.of(workspace.pk).get().roles
    assert held.filter(ended_at__isnull=True).count() == 1
    assert held.count() == THREADS


def test_reopening_while_the_same_fingerprint_recurs_leaves_one_open(workspace, actor):
    _report(workspace, signal("same"))
    resolve_incident(actor, number=1)

    def either(index):
        return _report(workspace, signal("same")) if index % 2 else reopen_incident(actor, number=1)

    results = at_once(THREADS, either)
    assert {type(failure) for failure in _failures(results)} <= {Conflict}
    unresolved = Incident.objects.of(workspace.pk).exclude(status="resolved")
    assert unresolved.count() == 1


def test_people_and_detection_work_one_incident_side_by_side(workspace, actor):
    _report(workspace, signal("same"))

    def work(index):
        if index % 2:
            _report(workspace, signal("same", event_count=1))
        else:
            edit_incident(actor, number=1, impact=f"impact {index}")

    assert _failures(at_once(THREADS, work)) == []
    incident = Incident.objects.of(workspace.pk).get()
    assert incident.event_count == 5 + THREADS // 2
    assert incident.version == 1 + THREADS // 2


def test_counting_and_recording_evidence_of_the_same_incidents_never_wait_for_each_other(workspace, actor):
    ids = [declare_incident(actor, title=f"Number {n}").pk for n in range(20)]

    def work(index):
        for turn in range(20):
            if index % 2:
                record_evidence(
                    workspace.pk, [IncidentEvidence(incident_id=pk, event_count=turn) for pk in ids]
                )
            else:
                order = random.Random(turn).sample(ids, len(ids))
                with transaction.atomic():
                    add_joined_events(workspace.pk, [JoinedEvents(pk, 1, NOW, ()) for pk in order])

    assert _failures(at_once(4, work)) == []
    assert set(Incident.objects.of(workspace.pk).values_list("event_count", flat=True)) == {40}
