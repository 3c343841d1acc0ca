"""SLA targets: warned once, breached once at the deadline, met, stopped and restarted."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.queue.items import claim
from core.queue.runner import run_due
from core.queues import CLOCKS
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.rendering import incident_json
from incidents.lifecycle.services import resolving, responding
from incidents.models import SlaClock, TimelineEntry
from incidents.selectors import incident_for
from incidents.sla.services.clock_steps import advance_clocks
from incidents.timeline.services import notes
from tests.incidents.make import NOW, signal

pytestmark = pytest.mark.django_db


@pytest.fixture
def at():
    """`at(minutes)` -> what is due so many minutes after NOW is done, at that time."""

    def run(minutes):
        with time_machine.travel(NOW + timedelta(minutes=minutes), tick=False):
            return run_due(CLOCKS, at=NOW + timedelta(minutes=minutes))

    return run


@pytest.fixture
def clock(workspace):
    return lambda kind: SlaClock.objects.of(workspace.pk).get(kind=kind)


@pytest.fixture
def sla_entries(workspace):
    def read():
        rows = TimelineEntry.objects.of(workspace.pk).filter(kind="sla").order_by("id")
        return [
            (e.data["clock"], e.data["phase"], (e.occurred_at - NOW) / timedelta(minutes=1)) for e in rows
        ]

    return read


@pytest.fixture
def sev2(declared):
    """Acknowledge in 30, update every 60, resolve in 480 minutes."""
    with time_machine.travel(NOW, tick=False):
        return declared(severity="sev2")


def test_opening_starts_every_clock(sev2, clock):
    assert {kind: clock(kind).phase for kind in ("acknowledge", "update", "resolve")} == {
        "acknowledge": "running", "update": "running", "resolve": "running",
    }  # fmt: skip
    assert clock("acknowledge").warn_at == NOW + timedelta(minutes=24)


def test_detected_incident_has_clocks_too(report, clock):
    report(signal())
    assert clock("acknowledge").deadline == NOW + timedelta(minutes=30)


def test_warning_comes_at_80_percent_and_breach_at_the_deadline(sev2, at, sla_entries, published_topics):
    assert at(23.9) == 0
    assert (at(24), at(25), at(30), at(31)) == (1, 0, 1, 0)
    assert sla_entries() == [("acknowledge", "warned", 24), ("acknowledge", "breached", 30)]
    assert [topic for topic in published_topics() if topic.startswith("sla.")] == [
        "sla.warned",
        "sla.breached",
    ]


def test_incident_says_that_a_target_was_missed_from_then_on(sev2, actor, at):
    seen = []
    for minutes in (29, 30):
        at(minutes)
        seen.append(incident_json(incident_for(actor, sev2.number))["sla_breached"])
    with time_machine.travel(NOW + timedelta(minutes=31), tick=False):
        responding.acknowledge_incident(actor, number=sev2.number)
    seen.append(incident_json(incident_for(actor, sev2.number))["sla_breached"])
    assert seen == [False, True, True]


def test_after_an_outage_only_the_breach_is_recorded(sev2, at, sla_entries):
    at(45)
    assert sla_entries() == [("acknowledge", "breached", 30)]


def test_acknowledged_in_time_is_met(sev2, actor, at, clock, sla_entries):
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        responding.acknowledge_incident(actor, number=sev2.number)
    assert clock("acknowledge").phase == "met"
    at(45)
    assert sla_entries() == []


def test_acknowledged_late_stays_breached(sev2, actor, at, clock):
    at(31)
    responding.acknowledge_incident(actor, number=sev2.number)
    assert (clock("acknowledge").phase, clock("acknowledge").breaches) == ("breached", 1)


def test_worse_severity_breaches_at_once_dated_at_its_deadline(sev2, actor, at, clock, sla_entries):
    with time_machine.travel(NOW + timedelta(minutes=20), tick=False):
        responding.change_severity(actor, number=sev2.number, severity="sev1")
    at(20.1)
    assert sla_entries() == [("acknowledge", "breached", 15)]
    assert clock("acknowledge").generation == 2


def test_met_clock_stays_met_when_severity_changes(sev2, actor, clock):
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        responding.acknowledge_incident(actor, number=sev2.number)
        responding.change_severity(actor, number=sev2.number, severity="sev1")
    assert clock("acknowledge").phase == "met"


def test_public_update_restarts_the_update_clock(sev2, actor, at, clock, sla_entries):
    with time_machine.travel(NOW + timedelta(minutes=10), tick=False):
        responding.acknowledge_incident(actor, number=sev2.number)
        notes.add_update(actor, number=sev2.number, message="Looking into it")
    assert clock("update").deadline == NOW + timedelta(minutes=70)
    at(61)
    assert [entry for entry in sla_entries() if entry[1] == "breached"] == []


def test_missed_update_names_the_comms_lead(sev2, actor, at, make_actor, workspace):
    from core.models import OutboxEvent
    from incidents.roles.services import assign_role

    lead = make_actor("responder", username="cora.comms")
    assign_role(actor, number=sev2.number, role="comms_lead", user_id=lead.user_id)
    at(60)
    events = OutboxEvent.objects.filter(workspace_id=workspace.pk, topic="sla.breached")
    assert {e.payload["clock"]: e.payload["recipient_id"] for e in events}["update"] == lead.user_id


def test_resolving_meets_one_clock_and_stops_the_other(sev2, actor, at, clock, sla_entries):
    with time_machine.travel(NOW + timedelta(minutes=10), tick=False):
        resolving.resolve_incident(actor, number=sev2.number, message="Rolled back")
    assert (clock("resolve").phase, clock("update").phase) == ("met", "stopped")
    assert at(1000) == 0


def test_undone_acknowledgement_revives_its_clock(sev2, actor, clock):
    from incidents.bulk.models import BulkKind
    from incidents.bulk.services.actions import act_on_one
    from incidents.bulk.services.undo import undo_action

    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        number = sev2.number
        taken = act_on_one(
            actor,
            kind=BulkKind.ACKNOWLEDGE,
            number=number,
            run=lambda: responding.acknowledge_incident(actor, number=number),
        )
        assert clock("acknowledge").phase == "met"
        undo_action(actor, action_id=taken.pk)
    assert clock("acknowledge").phase == "running"


def test_clock_changed_since_its_claim_is_unchanged(sev2, actor, sla_entries):
    claimed = claim(SlaClock, 10, 30.0, at=NOW + timedelta(minutes=30))
    responding.change_severity(actor, number=sev2.number, severity="sev4")
    advance_clocks(NOW + timedelta(minutes=30), clocks=claimed)
    assert sla_entries() == []


def test_two_hundred_breaches_at_once_take_four_passes_of_few_statements(actor, workspace, sla_entries):
    for number in range(200):
        declare_incident(actor, title=f"Down {number}", severity="sev2")
    now = timezone.now() + timedelta(days=2)
    clocks = SlaClock.objects.of(workspace.pk).filter(kind="resolve")
    assert clocks.count() == 200
    SlaClock.objects.of(workspace.pk).exclude(kind="resolve").update(state="done")
    began, passes = time.perf_counter(), []
    while batch := claim(SlaClock, 50, 30.0, at=now):
        with CaptureQueriesContext(connection) as queries:
            advance_clocks(now, clocks=batch)
        passes.append(len(queries))
    print(f"200 breaches in {time.perf_counter() - began:.2f} s, statements of each pass: {passes}")
    assert len(passes) == 4
    assert max(passes) <= 50 + 12  # one fenced change for each clock, and a few for all of them
    assert clocks.filter(phase="breached").count() == 200
    assert len(sla_entries()) == 200
