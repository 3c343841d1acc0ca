"""Explain equals what happened, in random histories: all deliveries, every attempt, every mute and skip.

`TOCSIN_HISTORIES=200` (with `--timeout 1800`) runs more of them than the suite does.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actor import Actor
from accounts.models import Membership, Role, User, Workspace
from core.models import OutboxEvent
from core.queue.items import claim
from core.queue.runner import run_due
from core.reasons import Reason
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.models import Incident
from incidents.vocabulary import UNRESOLVED
from notifications.channels.services import create_channel, update_channel
from notifications.deliveries.models import Delivery
from notifications.deliveries.sending import send_delivery
from notifications.escalation.models import Escalation
from notifications.escalation.services.policies import PolicyValues, put_policy
from notifications.escalation.services.running import run_escalation
from notifications.escalation.subscribers import REASONS, follow_incident
from notifications.explain.report import incident_report, person_report
from notifications.queues import NOTICE, PAGE
from notifications.routes.decision import EVENT_KINDS
from notifications.silences.matching import Matcher
from notifications.silences.services.silences import SilenceValues, create_silence, end_silence
from notifications.subscribers import plan_deliveries
from tests.fakes.receiver import Reply

pytestmark = pytest.mark.django_db(transaction=True)
HISTORIES = int(os.environ.get("TOCSIN_HISTORIES", "5"))
NUMBERS = count(1)
ESCALATING = {*REASONS, "incident.acknowledged", "incident.unacknowledged"}
ACTIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("declare"), st.sampled_from(["sev1", "sev2", "sev4"]), st.sampled_from(["api", "web"]),
            st.sampled_from(["plain", "plain", "private", "drill"]),
        ),
        st.tuples(st.sampled_from(["deliver", "deliver", "escalate", "silence", "end", "ack", "resolve"])),
        st.tuples(st.just("switch"), st.sampled_from(["Hook", "Spare"]), st.booleans()),
        st.tuples(st.just("answers"), st.lists(st.sampled_from([503, 429, 400, 500]), max_size=3)),
    ),
    min_size=4,
    max_size=12,
)  # fmt: skip


class History:
    """A workspace with two channels, two people and a policy; plays actions and records replies."""

    def __init__(self, outside):
        number = next(NUMBERS)
        self.workspace = Workspace.objects.create(slug=f"history-{number}", name="History")
        self.admin, self.people = self._person("admin", number), [self._person("responder", number, 1)]
        self.replies, self.given, self.silences, self.now = [], [], [], timezone.now()
        self.last_event = 0
        outside.webhook.respond = self.respond
        self.prefix = f"/h{number}-"
        self.channels = {}
        for name in ("Spare", "Hook"):
            fallback = {"fallback_id": self.channels["Spare"].pk} if name == "Hook" else {}
            address = f"{outside.webhook.url}{self.prefix}{name}"
            self.channels[name] = create_channel(
                self.admin, kind="webhook", name=name, config={"url": address}, **fallback
            )
        steps = [{"wait_s": 60, "targets": [{"kind": "user", "user_id": self.people[0].user_id}]}]
        put_policy(self.admin, values=PolicyValues("Front", [*steps, {"wait_s": 60, "targets": []}]))

    def _person(self, role, number, place=0):
        name = f"{role}.{number}.{place}"
        user = User.objects.create_user(
            name, email=f"{name}@example.test", address_proven_at=timezone.now() if place else None
        )
        Membership.objects.create(workspace_id=self.workspace.pk, user=user, role=role)
        return Actor(self.workspace.pk, "user", user.label, user_id=user.pk, role=Role(role))

    def respond(self, received):
        status = self.replies.pop(0) if self.replies and received.path.startswith(self.prefix) else 200
        self.given.append((received.path, status))
        return Reply(status=status)

    def open_ones(self):
        rows = Incident.objects.of(self.workspace.pk).filter(status__in=UNRESOLVED)
        return list(rows.order_by("pk"))

    def play(self, name, *given):
        getattr(self, name)(*given)

    def relay(self):
        """What happened, to the subscribers that this is about, in its order and each once."""
        events = OutboxEvent.objects.filter(workspace_id=self.workspace.pk, pk__gt=self.last_event)
        for event in events.order_by("pk"):
            self.last_event = event.pk
            if event.topic in ESCALATING:
                follow_incident(event)
            if event.topic in EVENT_KINDS:
                plan_deliveries(event)

    def declare(self, severity, component, kind):
        declare_incident(
            self.admin, title=f"{component} is down", severity=severity, components=[component],
            is_private=kind == "private", is_drill=kind == "drill",
        )  # fmt: skip

    def deliver(self):
        self.relay()
        run_due(PAGE)
        run_due(NOTICE)

    def escalate(self):
        self.relay()
        self.now += timedelta(seconds=61)
        for item in claim(Escalation, 20, 0.0, at=self.now):
            run_escalation(item.workspace_id, item, now=self.now)

    def silence(self):
        values = SilenceValues(
            [Matcher("component", "=", "api")], "Known trouble", ends_at=timezone.now() + timedelta(hours=1)
        )
        self.silences.append(create_silence(self.admin, values).pk)

    def end(self):
        if self.silences:
            end_silence(self.admin, self.silences.pop(0))

    def ack(self):
        for incident in self.open_ones()[:1]:
            if incident.acknowledged_at is None:
                acknowledge_incident(self.admin, number=incident.number)

    def resolve(self):
        for incident in self.open_ones()[:1]:
            resolve_incident(self.admin, number=incident.number)

    def switch(self, name, is_on):
        update_channel(self.admin, channel_id=self.channels[name].pk, is_enabled=is_on)

    def settle(self):
        """Everything pending is sent or given up, however long that takes."""
        for hours in range(1, 6):
            self.relay()
            for item in claim(Delivery, 100, 30.0, at=timezone.now() + timedelta(hours=hours)):
                send_delivery(item)


@settings(
    max_examples=HISTORIES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ACTIONS)
def test_explain_equals_what_happened(outside, actions):
    history = History(outside)
    for action in actions:
        if action[0] == "answers":
            history.replies = list(action[1])
        else:
            history.play(*action)
    history.settle()
    reports = [
        incident_report(history.admin, incident.number)
        for incident in Incident.objects.of(history.workspace.pk).order_by("pk")
    ]
    lines = [line for report in reports for line in report.notifying]
    deliveries = list(Delivery.objects.of(history.workspace.pk))
    _check_deliveries(lines, deliveries)
    _check_replies(history, lines)
    _check_channels(history, lines)
    _check_person(history, deliveries)
    for report in reports:
        assert [one.decision.reason for one in report.opening] == ["declared"]


def _check_deliveries(lines, deliveries):
    """One line plans each delivery; its verdict and reasons are those of the delivery."""
    planned = [one for one in lines if one.delivery]
    assert sorted(one.delivery.pk for one in planned) == sorted(one.pk for one in deliveries)
    reasons = {(one.decision.data.get("delivery_id"), one.decision.reason) for one in lines}
    for line in planned:
        delivery, decision = line.delivery, line.decision
        assert (decision.verdict == "muted") == (delivery.outcome == "muted")
        if delivery.outcome == "muted":
            assert (decision.reason, decision.data["muted_by"]) == (delivery.reason_code, delivery.muted_by)
        if delivery.outcome not in {"sent", "pending"}:
            code = Reason(delivery.reason_code)
            assert decision.reason == code or (delivery.pk, code) in reasons
        if delivery.outcome == "sent":
            assert delivery.reason_code == ""
            assert line.attempts[-1].result == "sent"


def _check_replies(history, lines):
    """The attempts that Explain shows are the received requests and their replies."""
    mine = re.compile(rf"{re.escape(history.prefix)}(\w+)")
    came = Counter((mine.match(path)[1], status) for path, status in history.given if mine.match(path))
    names = {channel.pk: name for name, channel in history.channels.items()}
    shown = Counter(
        (names[line.delivery.channel_id], attempt.status or 200)
        for line in lines
        if line.delivery and line.delivery.channel_id
        for attempt in line.attempts
    )
    assert shown == came


def _check_channels(history, lines):
    """Of each event of an incident, each channel has a delivery or the reason why it has none."""
    ids = {channel.pk for channel in history.channels.values()}
    private = set(
        Incident.objects.of(history.workspace.pk).filter(is_private=True).values_list("pk", flat=True)
    )
    events = OutboxEvent.objects.filter(workspace_id=history.workspace.pk, topic__in=EVENT_KINDS)
    counted = Counter((one.decision.incident_id, one.decision.event_kind) for one in lines)
    for event in events:
        incident_id = event.payload["incident_id"]
        about = [
            one.decision
            for one in lines
            if (one.decision.incident_id, one.decision.event_kind) == (incident_id, event.topic)
        ]
        assert counted[incident_id, event.topic] == len(about)
        if incident_id in private:
            assert Reason.PRIVATE in {one.reason for one in about}
            assert {one.channel_id for one in about} <= {None}
        elif event.topic not in {"incident.noted", "incident.entry_amended"}:
            assert ids <= {one.channel_id for one in about}


def _check_person(history, deliveries):
    """The report of a person has what was planned for them, and a reason for each other incident."""
    person = history.people[0]
    report = person_report(person, "me", days=7, now=timezone.now())
    mine = {one.pk for one in deliveries if one.user_id == person.user_id}
    assert {one.delivery.pk for one in report.lines if one.delivery} == mine
    explained_ids = {one.decision.incident_id for one in report.lines}
    assert {one.incident.pk for one in report.absences}.isdisjoint(explained_ids)
    visible = Incident.objects.of(history.workspace.pk).filter(is_private=False)
    assert {one.pk for one in visible} <= explained_ids | {one.incident.pk for one in report.absences}
