"""Resolving, closing and reopening incidents."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from accounts.actor import Actor
from core.errors import Conflict, Invalid
from incidents.lifecycle.services import resolving, responding
from incidents.models import Incident, IncidentSignal, SlaClock, TimelineEntry
from tests.incidents.make import NOW


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


def test_resolving_takes_the_time_and_the_root_cause(clock, actor, declared, timeline, audited):
    incident = declared()
    clock.shift(timedelta(minutes=10))
    resolved = resolving.resolve_incident(actor, number=1, message="Rolled back", root_cause="Bad deploy")
    assert (resolved.status, resolved.mttr, resolved.root_cause) == ("resolved", 600.0, "Bad deploy")
    assert (resolved.update_due_at, resolved.acknowledged_at) == (None, resolved.resolved_at)
    assert (timeline(incident)[-1].kind, audited()[-1]) == ("resolution", "incident.resolve")


def test_second_to_resolve_gets_the_name_of_the_first(actor, make_actor, declared):
    declared()
    resolving.resolve_incident(actor, number=1)
    with pytest.raises(Conflict, match="is resolved already by Rita Responder"):
        resolving.resolve_incident(make_actor("manager"), number=1)


def test_resolving_again_does_not_change_the_root_cause(actor, declared):
    declared()
    resolving.resolve_incident(actor, number=1, root_cause="Bad deploy")
    assert resolving.resolve_incident(actor, number=1, root_cause="Other").root_cause == "Bad deploy"


def test_only_a_resolved_incident_can_be_closed(actor, declared, audited):
    declared()
    with pytest.raises(Invalid, match="closed cannot follow open"):
        resolving.close_incident(actor, number=1)
    resolving.resolve_incident(actor, number=1)
    closed = resolving.close_incident(actor, number=1)
    assert closed.closed_at is not None
    assert audited()[-1] == "incident.close"


def test_reopening_records_the_old_times_in_the_timeline(clock, actor, declared, timeline, audited):
    incident = declared()
    resolved = resolving.resolve_incident(actor, number=1)
    resolving.close_incident(actor, number=1)
    clock.shift(timedelta(hours=1))
    back = resolving.reopen_incident(actor, number=1, message="It is back")
    assert (back.status, back.resolved_at, back.closed_at, back.mttr) == ("investigating", None, None, None)
    entry = timeline(incident)[-1]
    assert entry.data["resolved_at"] == entry.data["closed_at"] == resolved.resolved_at.isoformat()
    assert (entry.message, audited()[-1]) == ("It is back", "incident.reopen")
    assert back.update_due_at == NOW + timedelta(hours=5)


def test_what_machines_resolve_and_reopen_waits_for_a_person_from_then_on(clock, workspace, actor, declared):
    declared(severity="sev1")
    sender = Actor(workspace.pk, "source", "Grafana", scopes=frozenset({"incidents:write"}))
    clock.shift(timedelta(minutes=10))
    ended = resolving.resolve_incident(sender, number=1)
    assert (ended.acknowledged_at, ended.acknowledged_label, ended.mtta) == (None, "", None)
    assert SlaClock.objects.of(workspace.pk).get(kind="acknowledge").phase == "stopped"
    clock.shift(timedelta(minutes=20))
    back = resolving.reopen_incident(sender, number=1)
    until = NOW + timedelta(minutes=45)
    assert (back.acknowledged_at, back.acknowledge_due_at) == (None, until)
    assert SlaClock.objects.of(workspace.pk).get(kind="acknowledge").warn_at == until - timedelta(minutes=3)
    clock.shift(timedelta(minutes=5))
    lowered = responding.change_severity(actor, number=1, severity="sev2")
    assert lowered.acknowledge_due_at == NOW + timedelta(minutes=60)
    taken = responding.acknowledge_incident(actor, number=1)
    assert (taken.mtta, taken.acknowledged_label) == (35 * 60, "Rita Responder")


def test_earlier_acknowledgements_by_resolving_machines_are_emptied(workspace, actor, declared):
    declared(), declared()
    resolving.resolve_incident(actor, number=1)
    resolving.resolve_incident(actor, number=2)
    incidents, clocks = Incident.objects.of(workspace.pk), SlaClock.objects.of(workspace.pk)
    incidents.filter(number=2).update(acknowledged_by=None, acknowledged_label="")
    TimelineEntry.objects.of(workspace.pk).filter(incident__number=2).update(author=None)
    with connection.cursor() as cursor:
        cursor.execute(import_module("incidents.migrations.0036_acknowledged_by_people").ONLY_PEOPLE)
    assert [one.acknowledged_at is None for one in incidents.order_by("number")] == [False, True]
    phases = clocks.filter(kind="acknowledge").order_by("incident__number").values_list("phase", flat=True)
    assert list(phases) == ["met", "stopped"]


def test_setting_a_resolved_incident_to_investigating_reopens_it(actor, declared, audited):
    declared()
    resolving.resolve_incident(actor, number=1)
    assert responding.change_status(actor, number=1, status="investigating").resolved_at is None
    assert audited()[-1] == "incident.reopen"


def test_reopening_twice_by_one_actor_is_one_reopening(actor, declared, audited):
    declared()
    resolving.resolve_incident(actor, number=1)
    first = resolving.reopen_incident(actor, number=1)
    assert resolving.reopen_incident(actor, number=1).version == first.version
    assert audited().count("incident.reopen") == 1


def test_reopening_what_never_ended_is_refused(actor, declared):
    declared()
    with pytest.raises(Conflict, match="INC-1 is open already"):
        resolving.reopen_incident(actor, number=1)


def test_same_fingerprint_is_never_open_twice(actor, detected, report):
    from tests.incidents.make import signal

    detected()
    resolving.resolve_incident(actor, number=1)
    report(signal())
    with pytest.raises(Conflict, match="INC-2 is open for the same trouble") as refused:
        resolving.reopen_incident(actor, number=1)
    assert refused.value.extra["open"]["incident_id"] == "INC-2"


@pytest.fixture
def twins(actor, detected, report):
    """INC-1 with two detectors' signals, resolved; INC-2 opened since by the second of them alone."""
    from tests.incidents.make import signal

    first = detected("burst")
    report(signal("errors", joins=first.pk))
    resolving.resolve_incident(actor, number=1)
    return first, detected("errors")


def test_fingerprint_of_one_of_many_detectors_is_never_open_twice(actor, twins):
    with pytest.raises(Conflict, match="INC-2 is open for the same trouble"):
        resolving.reopen_incident(actor, number=1)
    resolving.resolve_incident(actor, number=2)
    assert resolving.reopen_incident(actor, number=1).status == "investigating"


def test_database_enforces_one_unresolved_incident_per_signal(workspace, twins):
    incidents = Incident.objects.of(workspace.pk)
    with pytest.raises(IntegrityError, match="one_unresolved_per_signal"), transaction.atomic():
        incidents.filter(number=1).update(status="open")
    incidents.filter(number=2).update(status="closed")
    assert incidents.filter(number=1).update(status="open") == 1


def test_signal_that_reaches_a_resolved_incident_is_not_open(workspace, twins):
    first, _ = twins
    when = {"first_at": NOW, "last_at": NOW}
    made = IncidentSignal.objects.create(workspace=workspace, incident=first, fingerprint="f" * 64, **when)
    made.refresh_from_db()
    assert not made.is_open


def test_resolution_may_be_public(actor, declared, timeline):
    incident = declared()
    resolving.resolve_incident(actor, number=1, message="All is well", is_public=True)
    assert timeline(incident)[-1].is_public
