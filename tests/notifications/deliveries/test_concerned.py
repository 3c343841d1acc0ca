"""Who is given or offered a role, or is responsible for a deadline, is notified in person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core.outbox.relay import relay_due
from core.queue.models import Priority
from core.queue.runner import run_due
from core.queues import CLOCKS
from core.secrets.encryption import encrypt
from incidents.correlation.services.opening import declare_incident
from incidents.handoff.services import answer_offer, offer_role
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.models import RoleOffer, SlaClock, TimelineEntry
from incidents.roles.services import assign_role
from notifications.contacts.models import ContactMethod
from notifications.deliveries.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def reachable(make_actor, outside):
    """`reachable()` -> the actor of a responder with a verified address."""

    def make(username=""):
        one = make_actor("responder", username=username)
        ContactMethod.objects.create(
            workspace_id=one.workspace_id, user_id=one.user_id, kind="email",
            address=encrypt(f"{one.user_id}@example.com"), digest=f"x{one.user_id}", hint="…",
            verified_at=timezone.now(),
        )  # fmt: skip
        return one

    return make


def run_clocks(at):
    with time_machine.travel(at, tick=False):
        run_due(CLOCKS, at=at)


def told(user_id):
    """(kind, priority, message) of what is planned for that person, oldest first."""
    relay_due()
    found = Delivery.across_workspaces.filter(user_id=user_id).exclude(event_kind="page").order_by("id")
    return [(row.event_kind, row.priority, row.payload["details"].get("message", "")) for row in found]


@pytest.mark.parametrize(
    ("severity", "is_acknowledged", "priority"),
    [("sev1", False, Priority.NOTICE), ("sev1", True, Priority.PAGE), ("sev3", True, Priority.NOTICE)],
)
def test_person_who_is_given_a_role_is_told_once(actor, reachable, severity, is_acknowledged, priority):
    ann = reachable()
    incident = declare_incident(actor, title="Checkout is down", severity=severity)
    if is_acknowledged:
        acknowledge_incident(actor, number=incident.number)
    for _ in range(2):
        assign_role(actor, number=incident.number, role="tech_lead", user_id=ann.user_id)
    assert told(ann.user_id) == [("incident.role_assigned", priority, "You are tech lead now.")]


def test_who_takes_a_role_is_not_told_so(reachable):
    ann = reachable()
    incident = declare_incident(ann, title="Checkout is down", severity="sev2")
    acknowledge_incident(ann, number=incident.number)
    assert told(ann.user_id) == []


@pytest.mark.parametrize("accept", [True, False])
def test_offer_and_its_answer_reach_both(reachable, accept):
    ann, bo = reachable(), reachable("bo")
    incident = declare_incident(ann, title="Checkout is down", severity="sev2")
    acknowledge_incident(ann, number=incident.number)
    offer_role(ann, number=incident.number, username="bo")
    [(kind, priority, message)] = told(bo.user_id)
    assert (kind, priority) == ("incident.role_offered", Priority.PAGE)
    assert "within ten minutes" in message
    offer = RoleOffer.across_workspaces.get()
    answer_offer(bo, number=incident.number, offer_id=offer.pk, accept=accept)
    answer = "accepted" if accept else "declined"
    ended = (
        "incident.role_offer_ended",
        Priority.NOTICE,
        f"Your offer of the role of commander was {answer}.",
    )
    assert ended in told(ann.user_id)
    assert len(told(bo.user_id)) == 1


def test_missed_update_reminds_comms_lead_else_commander_and_its_entry_names_them(actor, reachable):
    ann, bo = reachable(), reachable()
    incident = declare_incident(actor, title="Checkout is down", severity="sev1")
    assign_role(ann, number=incident.number, user_id=ann.user_id)
    update = SlaClock.across_workspaces.get(kind="update")
    run_clocks(update.warn_at)
    assign_role(bo, number=incident.number, role="comms_lead", user_id=bo.user_id)
    run_clocks(update.deadline)
    warned, breached = (
        entry.message
        for entry in TimelineEntry.across_workspaces.filter(kind="sla", data__clock="update").order_by("id")
    )
    assert warned.endswith(f"UTC. {ann.label} is reminded.")
    assert breached.endswith(f"UTC. {bo.label} is reminded.")
    assert ("sla.warned", Priority.NOTICE, warned) in told(ann.user_id)
    assert told(bo.user_id) == [("sla.breached", Priority.NOTICE, breached)]


def test_nobody_is_told_where_nobody_has_a_role(actor):
    declare_incident(actor, title="Checkout is down", severity="sev1")
    run_clocks(timezone.now() + timedelta(days=1))
    assert TimelineEntry.across_workspaces.filter(kind="sla").exists()
    relay_due()
    assert not Delivery.across_workspaces.filter(event_key__startswith="concerned:").exists()
