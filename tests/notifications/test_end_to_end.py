"""From an incident to the user on call and back to "resolved"; many deliveries through faults."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from datetime import time, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pagerduty import EventsApiV2Client

from accounts.actor import system_actor
from accounts.models import User, Workspace
from accounts.oncall.services.schedules import create_schedule, put_rotation
from accounts.oncall.validation import RotationValues
from core.queue.runner import run_due
from core.queues import CLOCKS
from core.secrets.encryption import encrypt
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from notifications.channels.models import Channel
from notifications.contacts.models import ContactMethod
from notifications.deliveries.models import Delivery
from notifications.deliveries.planning import Fact, store, to_channel
from notifications.escalation.services.policies import put_policy
from notifications.escalation.validation import PolicyValues
from notifications.routes.services import RouteValues, save_route
from tests.fakes.pagerduty import KEY
from tests.fakes.receiver import Reply
from tests.notifications.routes.test_routes import admin_of

pytestmark = pytest.mark.django_db(transaction=True)


def make_due():
    soon = Now() - timedelta(seconds=1)
    Delivery.across_workspaces.filter(state="pending").update(due_at=soon)
    Channel.across_workspaces.update(retry_at=None)


@pytest.fixture
def on_call(workspace, make_actor, channel):
    """Ann with a contact method and Bob with his account's address are paged, and a webhook by its step."""
    ann, bob = make_actor("responder", username="ann"), make_actor("responder", username="bob")
    system, hook = system_actor(workspace.pk), channel("webhook", name="Hook")
    schedule = create_schedule(system, name="Primary")
    Workspace.objects.filter(pk=workspace.pk).update(default_schedule=schedule)
    rota = RotationValues(["ann"], time(9), timezone.now().date() - timedelta(days=7))
    put_rotation(system, schedule_id=schedule.pk, layer=1, values=rota)
    ContactMethod.objects.create(
        workspace=workspace, user_id=ann.user_id, kind="email", address=encrypt("ann@phone.test"), digest="x",
        hint="an…@phone.test", verified_at=timezone.now(),
    )  # fmt: skip
    User.objects.filter(pk=bob.user_id).update(address_proven_at=timezone.now())
    targets = [
        {"kind": "on_call"}, {"kind": "user", "user_id": bob.user_id},
        {"kind": "channel", "channel_id": hook.pk},
    ]  # fmt: skip
    put_policy(system, values=PolicyValues("All", [{"wait_s": 300, "targets": targets}]))
    save_route(admin_of(workspace), RouteValues(name="Nothing", event_kinds=["sla.breached"]))
    return ann


def test_incident_pages_the_user_on_call_and_notifies_them_of_the_resolution(on_call, deliver, outside):
    declare_incident(on_call, title="Checkout is down", severity="sev1")
    deliver()
    run_due(CLOCKS, at=timezone.now())
    deliver()
    mails = {mail["To"]: mail["Subject"] for mail in outside.mailbox.messages}
    assert mails == dict.fromkeys(
        ("ann@phone.test", "bob@example.test"), "[SEV1] INC-1 needs you: Checkout is down"
    )
    assert [got.json()["event"] for got in outside.webhook.received] == ["page"]
    assert set(Delivery.across_workspaces.values_list("outcome", "priority")) == {("sent", 0)}
    outside.mailbox.messages.clear()
    resolve_incident(on_call, number=1, message="Fixed.")
    deliver()
    make_due()
    deliver()
    mails = {mail["To"]: mail["Subject"] for mail in outside.mailbox.messages}
    assert mails == dict.fromkeys(
        ("ann@phone.test", "bob@example.test"), "[SEV1] INC-1 resolved: Checkout is down"
    )
    assert [got.json()["event"] for got in outside.webhook.received] == ["page", "incident.resolved"]


def test_pagerduty_events_have_the_shape_of_its_own_client(channel, actor, deliver, outside):
    channel("pagerduty")
    declare_incident(actor, title="Down", severity="sev1", components=["api"])
    acknowledge_incident(actor, number=1)
    deliver()
    resolve_incident(actor, number=1, message="Fixed.")
    deliver()
    sent_events = {event["event_action"]: event for event in outside.pagerduty.events}
    outside.pagerduty.start_over()
    with EventsApiV2Client(KEY) as client:
        client._url = outside.pagerduty.url  # it takes https addresses only
        payload, link = {"component": "a", "class": "b"}, {"href": "https://example.test", "text": "x"}
        client.trigger("Down", "tocsin", "key", "critical", payload, {"a": "b"}, links=[link])
        client.acknowledge("key")
        client.resolve("key")
    for documented in outside.pagerduty.events:
        action = documented["event_action"]
        assert shape(sent_events[action]) == shape(documented), action


def shape(event):
    """Names and types, without the free part."""
    found = {name: type(value).__name__ for name, value in event.items()}
    payload = event.get("payload", {})
    return found | {f"payload.{name}": type(value).__name__ for name, value in payload.items()}


class Faults:
    """Every tenth request each: 429, 503, and a lost response, before or after acting. `acted`: by key."""

    def __init__(self):
        self.acted: Counter[str] = Counter()
        self.numbers, self.lock = itertools.count(), threading.Lock()
        self.faults: Counter[str] = Counter()

    def respond(self, received):
        with self.lock:
            turn, key = next(self.numbers) % 20, received.headers["webhook-id"]
            fault = {1: "429", 4: "503", 8: "429", 11: "503", 14: "reset", 17: "lost"}.get(turn, "")
            self.faults[fault] += 1
            if fault in {"", "lost"}:
                self.acted[key] += 1
        if fault == "429":
            return Reply(429, headers={"Retry-After": "1"})
        return {"503": Reply(503), "": Reply()}.get(fault, Reply(drops=True))


def plan(made, count):
    for number in range(count):
        fact = Fact(made.workspace_id, f"fault:{number}", "incident.opened", {"subject": f"Number {number}"})
        yield to_channel(fact, made, "", priority=0, why="Test")


def test_faults_lose_and_duplicate_nothing(channel, outside, deliver):
    made, faults = channel("webhook"), Faults()
    outside.webhook.respond = faults.respond
    store(list(plan(made, 60)))
    for _ in range(12):
        deliver()
        make_due()
        if not Delivery.across_workspaces.filter(state="pending").exists():
            break
    assert set(Delivery.across_workspaces.values_list("outcome", flat=True)) == {"sent"}
    keys = {f"msg_{one}" for one in Delivery.across_workspaces.values_list("public_id", flat=True)}
    assert set(faults.acted) == keys
    assert faults.faults["lost"]
    assert faults.acted.total() <= len(keys) + faults.faults["lost"]
