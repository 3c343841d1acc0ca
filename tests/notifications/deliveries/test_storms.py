"""Many notifications at once, repeats, limits of receivers, and lost responses."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from core.models import OutboxEvent
from core.queue.items import claim
from core.queue.models import Priority
from core.queue.retry import PermanentError
from core.queue.runner import run_due
from core.secrets.encryption import encrypt
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import reopen_incident, resolve_incident
from notifications.channels.kinds.pagerduty import PagerDutyChannel
from notifications.channels.models import Channel
from notifications.channels.selectors import broken_channels
from notifications.contacts.models import ContactMethod
from notifications.deliveries.models import Delivery, DeliveryAttempt
from notifications.deliveries.sending import _failed
from notifications.escalation.pages import Page, plan_pages
from notifications.queues import PAGE
from tests.fakes.receiver import Reply

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def declare(actor):
    def make(severity="sev1", **fields):
        return declare_incident(actor, title="Checkout is down", severity=severity, **fields)

    return make


@pytest.fixture
def reachable(workspace, actor, outside):
    """The actor, with a verified address."""
    ContactMethod.objects.create(
        workspace=workspace, user_id=actor.user_id, kind="email", address=encrypt("on.call@example.com"),
        digest="x", hint="on…@example.com", verified_at=timezone.now(),
    )  # fmt: skip
    return actor


def rows(**filters):
    return list(Delivery.across_workspaces.filter(**filters).order_by("id"))


def make_due():
    Delivery.across_workspaces.filter(state="pending").update(due_at=Now() - timedelta(seconds=1))
    Channel.across_workspaces.update(retry_at=None)


def make_old(minutes=2):
    """As if everything had happened earlier."""
    earlier = timedelta(minutes=minutes)
    for one in rows():
        settled = one.settled_at and one.settled_at - earlier
        Delivery.across_workspaces.filter(pk=one.pk).update(
            created_at=one.created_at - earlier, settled_at=settled
        )
    DeliveryAttempt.across_workspaces.update(started_at=Now() - earlier)


def to_person(person, incidents, *, is_notice, start=1):
    pages = [
        Page(f"esc:{one.pk}:{start}:0:0", one.pk, "on call", user_id=person.user_id, is_notice=is_notice)
        for one in incidents
    ]
    plan_pages(person.workspace_id, pages)


def test_storm_of_notices_to_one_person_becomes_one_digest_that_names_all(
    declare, reachable, deliver, outside
):
    incidents = [declare("sev3") for _ in range(25)]
    to_person(reachable, incidents, is_notice=True)
    deliver()
    mails = outside.mailbox.messages
    assert len(mails) == 10
    held = rows(outcome="held")
    assert len(held) == 15
    assert all("digest" in one.reason for one in held)
    make_old()
    make_due()
    deliver()
    assert len(mails) == 11
    assert mails[-1]["Subject"] == "15 notifications: INC-11, INC-12, INC-13, INC-14, INC-15 and 10 more"
    text = mails[-1].get_body(("plain",)).get_content()
    assert all(f"INC-{number} " in text for number in range(11, 26))
    assert [len(rows(outcome=outcome)) for outcome in ("sent", "merged", "held")] == [11, 14, 0]


def test_pages_are_never_held_in_a_storm(declare, reachable, deliver, outside):
    incidents = [declare() for _ in range(15)]
    to_person(reachable, incidents, is_notice=False)
    deliver()
    assert len(outside.mailbox.messages) == 15


def test_same_page_within_a_minute_is_sent_once_and_later_again(declare, reachable, deliver, outside):
    incident = declare()
    for position in range(3):
        key = f"esc:{incident.pk}:1:0:{position}"
        plan_pages(reachable.workspace_id, [Page(key, incident.pk, "on call", user_id=reachable.user_id)])
    deliver()
    assert [one.outcome for one in rows()] == ["sent", "merged", "merged"]
    assert rows()[1].merged_into_id == rows()[0].pk
    make_old()
    to_person(reachable, [incident], is_notice=False, start=9)
    deliver()
    assert len(outside.mailbox.messages) == 2


def test_new_start_of_the_escalation_pages_again_at_once(declare, reachable, deliver, outside):
    incident = declare()
    for start in (1, 2):
        to_person(reachable, [incident], is_notice=False, start=start)
    deliver()
    assert [one.outcome for one in rows()] == ["sent", "sent"]


def test_dropped_repeat_is_sent_when_the_page_it_repeats_fails(declare, reachable, deliver, outside):
    outside.mailbox.reply = lambda to: "550 no such user"
    incident = declare()
    for position in range(2):
        key = f"esc:{incident.pk}:1:0:{position}"
        plan_pages(reachable.workspace_id, [Page(key, incident.pk, "on call", user_id=reachable.user_id)])
    assert [one.outcome for one in rows()] == ["pending", "merged"]
    run_due(PAGE, 1)
    outside.mailbox.reply = lambda to: None
    deliver()
    assert [one.outcome for one in rows()] == ["dead", "sent"]


def test_page_is_not_merged_into_one_that_fails(declare, reachable, deliver, outside):
    incident = declare()
    first, second = (
        Page(f"esc:{incident.pk}:1:0:{position}", incident.pk, "on call", user_id=reachable.user_id)
        for position in range(2)
    )
    plan_pages(reachable.workspace_id, [first])
    [held] = claim(Delivery, 1, 60.0, priorities=(Priority.PAGE,))

    def fail() -> None:
        try:
            _failed(held, None, PermanentError("no such user"))
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as worker:
        with transaction.atomic():
            plan_pages(reachable.workspace_id, [second])  # seen by nobody until it is committed
            failed = worker.submit(fail)
            time.sleep(0.5)
        failed.result(30)
    deliver()
    assert [one.outcome for one in rows()] == ["dead", "sent"]


def test_reopened_incident_is_another_alert_at_pagerduty(channel, declare, deliver, outside, actor):
    channel("pagerduty")
    declare()
    deliver()
    resolve_incident(actor, number=1, message="Fixed.")
    deliver()
    deliver()
    reopen_incident(actor, number=1, message="Not fixed.")
    deliver()
    states = list(outside.pagerduty.alerts.values())
    assert states == ["resolved", "triggered"]
    assert {key.rpartition("-")[2] for key in outside.pagerduty.alerts} == {"1", "2"}
    resolve_incident(actor, number=1, message="Fixed.")
    deliver()
    deliver()
    assert list(outside.pagerduty.alerts.values()) == ["resolved", "resolved"]


def test_pagerduty_gets_no_more_calls_a_minute_than_it_takes(channel, declare, deliver, outside, monkeypatch):
    monkeypatch.setattr(PagerDutyChannel, "max_per_minute", 3)
    channel("pagerduty")
    for _ in range(5):
        declare()
    deliver()
    assert len(outside.pagerduty.received) == 3
    held = rows(outcome="held")
    assert [one.attempts for one in held] == [0, 0]
    assert "PagerDuty takes 3 calls a minute" in held[0].reason
    make_old()
    make_due()
    deliver()
    assert len(outside.pagerduty.alerts) == 5
    assert PagerDutyChannel.max_per_minute < 100


def test_bot_looks_in_the_channel_before_it_posts_again(channel, declare, deliver, outside):
    channel("slack bot")
    outside.slack.after = lambda: Reply(drops=True)
    declare("sev3")
    deliver()
    [row] = rows()
    assert (row.outcome, row.state) == ("pending", "pending")
    outside.slack.after = lambda: None
    make_due()
    deliver()
    assert len(outside.slack.posted) == 1
    [row] = rows()
    assert (row.outcome, row.provider_ref) == ("sent", outside.slack.posted[0]["ts"])


def test_bot_posts_again_what_did_not_arrive(channel, declare, deliver, outside):
    channel("slack bot")
    outside.slack.fault = lambda: Reply(drops=True)
    declare("sev3")
    deliver()
    outside.slack.fault = lambda: None
    make_due()
    deliver()
    assert len(outside.slack.posted) == 1
    assert "Possible duplicate" not in str(outside.slack.posted)


def test_bot_without_read_scope_warns_of_possible_repeats(channel, declare, deliver, outside):
    channel("slack bot")
    outside.slack.may_read = False
    outside.slack.after = lambda: Reply(drops=True)
    declare("sev1")
    deliver()
    outside.slack.after = lambda: None
    make_due()
    deliver()
    assert len(outside.slack.posted) == 2
    assert "Possible duplicate" in str(outside.slack.posted[-1])


def test_broken_channel_concerns_its_own_workspace(channel, declare, deliver, outside, other_workspace):
    from core.health.monitor import FailingCheck, affecting
    from notifications.channels import checks

    made = channel("slack bot", secrets={"bot_token": "xoxb-revoked"})
    declare()
    deliver()
    assert [one.pk for one in broken_channels()] == [made.pk]
    found = checks._channels()
    assert found.workspaces == frozenset({made.workspace_id})
    assert "workspaces" not in found.as_json()
    problem = FailingCheck(
        "channels", "Notification channels", found.advice, timezone.now(), found.workspaces
    )
    assert affecting([problem], made.workspace_id) == (problem,)
    assert affecting([problem], other_workspace.pk) == ()
    assert affecting([problem], None) == ()


def test_event_is_planned_with_the_opening_it_belongs_to(declare, actor):
    declare()
    reopened = (resolve_incident(actor, number=1, message="a"), reopen_incident(actor, number=1, message="b"))
    assert reopened[1].opening == 2
    by_topic = {one.topic: one.payload["snapshot"]["opening"] for one in OutboxEvent.objects.order_by("pk")
                if one.payload.get("snapshot")}  # fmt: skip
    assert (by_topic["incident.resolved"], by_topic["incident.reopened"]) == (1, 2)
