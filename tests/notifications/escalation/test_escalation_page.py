"""The escalation on the page of an incident: who is paged, who is next, and manual escalation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import AuditEntry, User
from accounts.oncall.services.schedules import create_schedule, put_rotation
from accounts.oncall.validation import RotationValues
from core.queue.runner import run_due
from core.queues import CLOCKS
from core.secrets.encryption import encrypt
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.models import InvitedPerson, TimelineEntry
from incidents.privacy.services import set_private
from incidents.selectors import incident_for
from notifications.checks import late_escalations
from notifications.contacts.models import ContactMethod
from notifications.deliveries.models import Delivery
from notifications.escalation.models import Escalation
from notifications.escalation.services.policies import install_default_policies
from notifications.escalation.services.running import acknowledge_escalation, start_escalation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(actor):
    found = Client()
    found.force_login(User.objects.get(pk=actor.user_id), backend="django.contrib.auth.backends.ModelBackend")
    return found


@pytest.fixture
def paged(workspace, make_actor, outside):
    """A SEV1 whose first step has run: Ann, on call, is paged; Mia, a manager, is in the third step."""
    make_actor("admin", username="adam")
    make_actor("manager", username="mia")
    ann = make_actor("responder", username="ann")
    system = system_actor(workspace.pk)
    ContactMethod.objects.create(
        workspace=workspace, user_id=ann.user_id, kind="email", address=encrypt("ann@example.com"),
        digest="x", hint="an…@example.com", verified_at=timezone.now(),
    )  # fmt: skip
    schedule = create_schedule(system, name="Primary")
    began = datetime.now(UTC).date() - timedelta(days=7)
    put_rotation(system, schedule_id=schedule.pk, layer=1, values=RotationValues(["ann"], time(9), began))
    install_default_policies(system)
    incident = declare_incident(system, title="Down", severity="sev1")
    start_escalation(workspace.pk, incident.pk, reason="opened", event_id=1, now=timezone.now())
    run_due(CLOCKS)
    return ann, incident


def escalation():
    return Escalation.across_workspaces.get()


def entries(incident):
    rows = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, kind="notification")
    return list(rows.order_by("id").values_list("message", flat=True))


def page(client, incident):
    return client.get(f"/panels/incident-escalation?key={incident.number}").content.decode()


def escalate(client, incident, **more):
    shown = client.get(f"/incidents/{incident.reference}/escalate").content.decode()
    cursor = shown.partition('name="cursor" value="')[2].partition('"')[0]
    return shown, client.post(f"/incidents/{incident.reference}/escalate", {"cursor": cursor, **more})


def test_panel_shows_the_last_page_the_next_step_and_its_time(client, paged):
    _, incident = paged
    text = page(client, incident)
    assert "Paged Ann (on call) (step 1 of 3, round 1 of 3 of SEV1)." in text
    assert "Step 2 of 3, round 1 of 3 at" in text
    assert "Acknowledge and stop paging" in text
    assert "Escalate now…" in text


def test_manual_escalation_pages_the_next_step_once(client, paged):
    _, incident = paged
    shown, response = escalate(client, incident)
    assert "This pages step 2 of 3 immediately: <strong>Ann (on call)" in shown
    assert response.status_code == 303
    run_due(CLOCKS)
    assert "step 2 of 3" in entries(incident)[-1]
    assert AuditEntry.across_workspaces.filter(action="incident.escalate").count() == 1
    assert run_due(CLOCKS) == 0


def test_confirmation_of_a_step_that_already_ran_pages_no_one(client, paged):
    _, incident = paged
    before = f"{escalation().generation}.0.1.running"
    Escalation.across_workspaces.update(due_at=Now())
    run_due(CLOCKS)
    response = client.post(f"/incidents/{incident.reference}/escalate", {"cursor": before})
    assert response.status_code == 409
    assert "No one was paged" in response.content.decode()
    assert escalation().due_at > timezone.now()


def test_acknowledging_stops_it_and_escalating_goes_on_with_the_next_step(client, paged, workspace):
    ann, incident = paged
    acknowledge_incident(ann, incident_id=incident.pk)
    acknowledge_escalation(workspace.pk, incident.pk, user_id=ann.user_id, now=timezone.now())
    text = page(client, incident)
    assert "Acknowledged" in text
    assert "Acknowledge and stop paging" not in text
    assert escalate(client, incident)[1].status_code == 303
    run_due(CLOCKS)
    assert "step 2 of 3" in entries(incident)[-1]
    assert escalation().generation == 2
    incident.refresh_from_db()
    assert incident.acknowledged_at is not None


def test_button_stops_paging_of_an_incident_that_was_acknowledged_before(client, paged, deliver, actor):
    ann, incident = paged
    acknowledge_incident(ann, incident_id=incident.pk)
    deliver()
    assert escalate(client, incident)[1].status_code == 303
    run_due(CLOCKS)
    assert "Acknowledge and stop paging" in page(client, incident)
    assert client.post(f"/incidents/{incident.reference}/acknowledge").status_code == 303
    deliver()
    assert (escalation().phase, escalation().holder_id) == ("acknowledged", actor.user_id)


def test_after_the_last_step_it_starts_again(client, paged):
    _, incident = paged
    for _ in range(10):
        Escalation.across_workspaces.filter(state="pending").update(due_at=Now())
        run_due(CLOCKS)
    assert escalation().phase == "ended"
    shown, response = escalate(client, incident)
    assert "restarts the policy at step 1" in shown
    assert response.status_code == 303
    run_due(CLOCKS)
    assert "step 1 of 3" in entries(incident)[-1]


def test_resolved_incident_cannot_be_escalated(client, paged, actor):
    _, incident = paged
    resolve_incident(actor, number=incident.number, message="Fixed.")
    assert escalate(client, incident)[1].status_code == 409
    assert "Escalate now" not in page(client, incident)


def test_page_that_waits_is_superseded_when_the_incident_is_resolved(paged, actor, deliver, outside):
    _, incident = paged
    resolve_incident(actor, number=incident.number, message="Fixed.")
    deliver()
    [page] = Delivery.across_workspaces.filter(event_kind="page")
    assert page.outcome == "superseded"
    assert all("resolved" in mail["Subject"] for mail in outside.mailbox.messages)


def test_late_escalations_are_counted_in_the_metrics(client, paged):
    Escalation.across_workspaces.update(due_at=Now() - timedelta(minutes=2), lease_until=None)
    assert late_escalations().count() == 1
    text = client.get("/metrics").content.decode()
    assert "tocsin_escalations_late 1.0" in text


def test_users_paged_before_an_incident_became_private_are_invited(paged, admin):
    ann, incident = paged
    set_private(admin, number=incident.number, is_private=True, reason="Suspected breach.")
    invited = InvitedPerson.objects.of(incident.workspace_id).filter(incident=incident)
    assert (ann.user_id, "paged") in set(invited.values_list("user_id", "reason"))
    assert incident_for(ann, incident.reference).pk == incident.pk


def test_many_people_of_the_next_step_are_named_in_part(client, paged, make_actor):
    _, incident = paged
    for number in range(7):
        make_actor("manager", username=f"manager.{number}")
    Escalation.across_workspaces.update(position=2)
    page = client.get(f"/incidents/{incident.reference}").content.decode()
    [said] = re.findall(r"Step 3 of 3.*?</dd>", page, re.DOTALL)
    assert said.count("(manager)") == 5
    assert "and 3 more" in said
