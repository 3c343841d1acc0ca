"""From an incident to the receivers: planned once, sent, retried, merged, held, superseded, resent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from standardwebhooks import Webhook

from core.errors import Invalid
from incidents.correlation.services.opening import declare_incident
from incidents.drills.services import DrillValues, plan_drill
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.channels.selectors import broken_channels
from notifications.channels.services import update_channel
from notifications.channels.targets import secrets_of
from notifications.deliveries.models import Delivery, DeliveryAttempt
from notifications.deliveries.planning import plan_to_channel
from notifications.deliveries.services import resend_delivery
from remediation.executors.base import executor_for
from tests.fakes.receiver import Reply
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def declare(actor):
    def make(severity="sev1", **fields):
        return declare_incident(actor, title="Checkout is down", severity=severity, **fields)

    return make


@pytest.fixture
def route_all():
    """`route_all(channel)`: everything goes to that channel alone."""
    from notifications.routes.services import RouteValues, save_route
    from tests.notifications.routes.test_routes import admin_of

    def save(made):
        save_route(admin_of(made.workspace), RouteValues(name="All", channel_ids=[made.pk]))
        return made

    return save


def rows(**filters):
    return list(Delivery.across_workspaces.filter(**filters).order_by("id"))


def only(**filters):
    [row] = rows(**filters)
    return row


def make_due():
    Delivery.across_workspaces.filter(state="pending").update(due_at=Now() - timedelta(seconds=1))
    Channel.across_workspaces.update(retry_at=None)


def test_sev1_reaches_every_kind_and_a_sev4_only_the_log(channel, declare, deliver, outside):
    for kind in ("pagerduty", "slack", "slack bot", "webhook", "email", "log"):
        channel(kind)
    declare("sev1", components=["checkout"])
    assert deliver() == 6
    assert {row.outcome for row in rows()} == {"sent"}
    assert list(outside.pagerduty.alerts.values()) == ["triggered"]
    assert len(outside.slack.posted) == 2
    [mail] = outside.mailbox.messages
    assert mail["Subject"] == "[SEV1] INC-1 opened: Checkout is down"
    assert {part.get_content_type() for part in mail.walk()} >= {"text/plain", "text/html"}
    declare("sev4")
    deliver()
    assert {row.channel.kind for row in rows(incident_number=2)} == {"log"}


def test_repeated_event_is_planned_once(channel, declare, deliver):
    from core.models import OutboxDispatch

    channel("webhook")
    declare()
    deliver()
    OutboxDispatch.objects.update(state="pending", attempts=0, due_at=Now())
    deliver()
    assert len(rows(event_kind="incident.opened")) == 1


def test_webhook_is_signed_with_the_known_fields(channel, declare, deliver, outside):
    made = channel("webhook")
    declare("sev1")
    deliver()
    [got] = outside.webhook.received
    [secret] = secrets_of(made)["secret"]
    body = Webhook(secret).verify(got.body.decode(), got.headers)
    known = {
        "incident_id": "INC-1", "type": "other", "severity": "sev1", "severity_word": "critical",
        "status": "open", "title": "Checkout is down",
    }  # fmt: skip
    assert {name: body[name] for name in known} == known
    assert body["url"].endswith("/incidents/INC-1")
    assert got.headers["webhook-id"] == f"msg_{only().public_id}"


def test_pagerduty_triggers_acknowledges_and_resolves_one_alert_in_order(
    channel, declare, deliver, outside, actor
):
    channel("pagerduty")
    declare()
    acknowledge_incident(actor, number=1)
    deliver()
    resolve_incident(actor, number=1, message="Fixed.")
    deliver()
    assert [event["event_action"] for event in outside.pagerduty.events] == [
        "trigger",
        "acknowledge",
        "resolve",
    ]
    assert list(outside.pagerduty.alerts.values()) == ["resolved"]


def test_trigger_that_waits_is_superseded_when_the_incident_is_resolved(
    channel, declare, deliver, outside, actor
):
    channel("pagerduty")
    outside.pagerduty.before = lambda: Reply(503)
    declare()
    deliver()
    resolve_incident(actor, number=1, message="Fixed.")
    outside.pagerduty.before = lambda: None
    make_due()
    deliver()
    opened = only(event_kind="incident.opened")
    assert (opened.outcome, opened.state) == ("superseded", "done")
    assert "resolved" in opened.reason
    assert "triggered" not in outside.pagerduty.alerts.values()


def test_failure_is_logged_and_tried_again_with_the_same_id(channel, declare, deliver, outside):
    channel("webhook")
    outside.webhook.respond = lambda received: Reply(503, b"maintenance")
    declare()
    deliver()
    row = only()
    assert (row.state, row.outcome, row.attempts) == ("pending", "pending", 1)
    assert row.reason == "127.0.0.1 returned 503 Service Unavailable: maintenance"
    outside.webhook.respond = lambda received: Reply()
    make_due()
    deliver()
    assert only().outcome == "sent"
    assert len({got.headers["webhook-id"] for got in outside.webhook.received}) == 1
    attempts = DeliveryAttempt.across_workspaces.order_by("number")
    assert [(a.number, a.result, a.status) for a in attempts] == [(1, "unknown", 503), (2, "sent", 200)]


def test_rate_limit_is_no_attempt_and_shows_until_when(channel, declare, deliver, outside):
    channel("webhook")
    outside.webhook.respond = lambda received: Reply(429, headers={"Retry-After": "30"})
    declare()
    deliver()
    row = Delivery.across_workspaces.annotate(now=Now()).get()
    assert (row.attempts, row.outcome) == (0, "held")
    assert row.reason.startswith("held 30 s, because the receiver limits the rate")
    assert 25 < (row.due_at - row.now).total_seconds() <= 30


def test_revoked_key_breaks_the_channel_and_the_fallback_is_notified_once(
    channel, declare, deliver, outside, route_all
):
    mail = channel("email")
    made = route_all(channel("slack bot", fallback_id=mail.pk, secrets={"bot_token": "xoxb-revoked"}))
    declare()
    deliver()
    deliver()
    made.refresh_from_db()
    assert (made.state, made.is_enabled) == ("broken", True)
    assert "invalid_auth" in made.reason
    failed, fallback = rows()
    assert (failed.outcome, failed.state) == ("dead", "dead")
    assert (fallback.fallback_of_id, fallback.outcome, fallback.why) == (
        failed.pk,
        "sent",
        "Fallback of slack bot",
    )
    assert len(outside.mailbox.messages) == 1


def test_page_that_fails_three_times_uses_the_fallback(channel, declare, deliver, outside, route_all):
    route_all(channel("webhook", fallback_id=channel("email").pk))
    outside.webhook.respond = lambda received: Reply(500)
    declare()
    for _ in range(4):
        deliver()
        make_due()
    assert len(outside.mailbox.messages) == 1
    assert rows(fallback_of=None)[0].state == "pending"


def test_internal_error_is_shown_and_the_fallback_is_notified(
    channel, declare, deliver, outside, route_all, monkeypatch
):
    made = route_all(channel("webhook", fallback_id=channel("email").pk))

    def broken(*_):
        raise KeyError("secret-name")

    monkeypatch.setattr(CHANNEL_KINDS.get("webhook"), "send", broken)
    declare()
    for _ in range(4):
        deliver()
        make_due()
    page = rows(channel_id=made.pk)[0]
    assert (page.state, page.outcome, page.reason) == ("pending", "pending", "a fault of Tocsin: KeyError")
    assert len(outside.mailbox.messages) == 1


def test_gone_channel_is_shown_and_its_waiting_and_later_pages_use_the_fallback(
    channel, declare, deliver, outside, route_all
):
    made = route_all(channel("webhook", fallback_id=channel("email").pk))
    outside.webhook.respond = lambda received: Reply(503)
    for _ in range(3):
        declare()
    deliver()
    Delivery.across_workspaces.filter(incident_number=1).update(due_at=Now())
    outside.webhook.respond = lambda received: Reply(410)
    deliver()
    made.refresh_from_db()
    assert (made.is_enabled, made.state) == (True, "broken")
    assert [one.pk for one in broken_channels()] == [made.pk]
    declare()
    plan_to_channel(
        made.workspace_id, channel_id=made.pk, event_key="step", event_kind="page", why="Escalation",
        payload={"snapshot": {"number": 5, "severity": "sev1", "title": "Step", "status": "open"}},
    )  # fmt: skip
    deliver()
    assert len(outside.mailbox.messages) == 5
    received = len(outside.webhook.received)
    for _ in range(5):
        make_due()
        deliver()
    assert {row.outcome for row in rows(channel_id=made.pk)} == {"dead"}
    assert (len(outside.mailbox.messages), len(outside.webhook.received)) == (5, received + 4)


def test_lost_response_is_unknown_for_a_notice_and_repeated_for_a_page(channel, declare, deliver, outside):
    channel("slack")
    outside.slack.fault = lambda: Reply(drops=True)
    declare("sev3")
    deliver()
    assert (only().outcome, only().state) == ("unknown", "done")
    declare("sev1")
    deliver()
    outside.slack.fault = lambda: None
    make_due()
    deliver()
    assert only(incident_number=2).outcome == "sent"
    assert "Possible duplicate" in str(outside.slack.posted[-1])


def test_notices_of_one_incident_are_merged_and_pages_are_not(channel, declare, deliver, outside, actor):
    channel("slack")
    declare("sev3")
    deliver()
    change_severity(actor, number=1, severity="sev4")
    change_severity(actor, number=1, severity="sev3")
    acknowledge_incident(actor, number=1)
    deliver()
    held = rows(outcome="held")
    assert held
    assert all("merged" in row.reason for row in held)
    make_due()
    deliver()
    outcomes = [row.outcome for row in rows()]
    assert (outcomes[0], outcomes[-1], set(outcomes[1:-1])) == ("sent", "sent", {"merged"})
    assert len(outside.slack.posted) == 2


def test_paged_users_are_notified_of_the_resolution(channel, declare, deliver, outside, actor):
    from notifications.routes.services import RouteValues, save_route
    from tests.notifications.routes.test_routes import admin_of

    made = channel("webhook")
    save_route(
        admin_of(made.workspace),
        RouteValues(name="Opened only", channel_ids=[made.pk], event_kinds=["incident.opened"]),
    )
    declare()
    deliver()
    resolve_incident(actor, number=1, message="Fixed.")
    deliver()
    make_due()
    deliver()
    assert [row.event_kind for row in rows(outcome="sent")] == ["incident.opened", "incident.resolved"]
    assert rows()[-1].why == "Was paged for this incident"


def test_resend_repeats_a_failed_one_and_copies_a_sent_one(channel, declare, deliver, outside, actor):
    channel("webhook")
    outside.webhook.respond = lambda received: Reply(422)
    declare()
    deliver()
    dead = only()
    outside.webhook.respond = lambda received: Reply()
    assert resend_delivery(actor, delivery_id=dead.pk).pk == dead.pk
    deliver()
    copy = resend_delivery(actor, delivery_id=dead.pk)
    deliver()
    assert (copy.resend_of_id, only(pk=copy.pk).outcome) == (dead.pk, "sent")
    ids = [got.headers["webhook-id"] for got in outside.webhook.received]
    assert len(ids) == 3
    assert len(set(ids)) == 2


def test_mails_about_one_incident_are_one_thread_and_a_5xx_is_final(
    channel, declare, deliver, outside, actor
):
    channel("email", config={"to": "a@example.com, gone@example.com"})
    outside.mailbox.reply = lambda to: "550 no such user" if to.startswith("gone") else None
    declare()
    deliver()
    assert [row.outcome for row in rows()] == ["sent", "dead"]
    resolve_incident(actor, number=1, message="Fixed.")
    deliver()
    make_due()
    deliver()
    opened, resolved = [mail for mail in outside.mailbox.messages if mail["To"] == "a@example.com"]
    assert opened["References"] == resolved["References"]
    assert opened["Message-ID"] != resolved["Message-ID"]


def test_drill_reaches_channels_for_drills_alone_and_invites_there(channel, declare, deliver, outside, actor):
    channel("pagerduty")
    channel("slack")
    channel("log", is_for_drills=True)
    declare("sev1", is_drill=True)
    plan_drill(actor, DrillValues("Practice"))
    deliver()
    assert outside.pagerduty.events == []
    assert outside.slack.posted == []
    assert [(row.event_kind, row.label, row.outcome) for row in rows()] == [
        ("incident.opened", "log", "sent"),
        ("drill.planned", "log", "sent"),
    ]
    assert rows()[1].payload["subject"] == "[DRILL] Join the drill: Practice"


def test_drill_channel_is_not_notified_of_real_incidents(channel, declare, deliver, outside):
    channel("pagerduty", is_for_drills=True)
    declare("sev1")
    deliver()
    assert outside.pagerduty.events == []
    assert rows() == []
    declare("sev1", is_drill=True)
    deliver()
    assert [event["event_action"] for event in outside.pagerduty.events] == ["trigger"]


def test_channel_for_drills_backs_up_no_other(channel):
    real = channel("log")
    with pytest.raises(Invalid, match="for drills"):
        channel("slack", is_for_drills=True, fallback_id=real.pk)


def test_page_of_an_escalation_reaches_every_verified_method(declare, deliver, outside, actor, workspace):
    from django.utils import timezone

    from core.secrets.encryption import encrypt
    from notifications.contacts.models import ContactMethod
    from notifications.escalation.pages import Page, plan_pages

    incident = declare("sev1")
    page = Page(f"esc:{incident.pk}:1:1:1", incident.pk, "on call", user_id=actor.user_id)
    plan_pages(workspace.pk, [page])
    assert only(event_kind="page").reason == "this person has no verified contact method"
    ContactMethod.objects.create(
        workspace=workspace, user_id=actor.user_id, kind="email", address=encrypt("on.call@example.com"),
        digest="x", hint="on…@example.com", verified_at=timezone.now(),
    )  # fmt: skip
    for _ in range(2):
        plan_pages(workspace.pk, [page])
    deliver()
    [mail] = outside.mailbox.messages
    assert (mail["To"], mail["Subject"]) == (
        "on.call@example.com",
        "[SEV1] INC-1 needs you: Checkout is down",
    )


def test_contact_method_is_verified_by_the_code_that_was_sent(outside, actor):
    import re

    from core.errors import Invalid
    from notifications.contacts.services import add_method, verify_method

    method = add_method(actor, kind="email", address="me@example.com")
    [mail] = outside.mailbox.messages
    code = re.match(r"\d{6}", mail["Subject"]).group()
    with pytest.raises(Invalid):
        verify_method(actor, method_id=method.pk, code=f"{(int(code) + 1) % 1_000_000:06d}")
    assert verify_method(actor, method_id=method.pk, code=code).verified_at is not None


def test_two_admins_at_once_make_no_circle_of_fallbacks(channel, make_actor):
    admin = make_actor("admin")
    first, second = channel("webhook", name="First"), channel("webhook", name="Second")
    pairs = [(first.pk, second.pk), (second.pk, first.pk)]

    def choose(turn):
        channel_id, fallback_id = pairs[turn]
        return update_channel(admin, channel_id=channel_id, fallback_id=fallback_id, changes_fallback=True)

    outcomes = at_once(2, choose)
    [refused] = [one for one in outcomes if isinstance(one, Invalid)]
    assert [fault.rule for fault in refused.faults] == ["loop"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://hooks.example", "must begin with https://"), ("https://user:pw@hook.example", "a password"),
        ("https://token@hooks.example", "a password"), ("https://hook.example/\r\nX: y", "control"),
        ("https://hooks.example/a b", "spaces or control"), ("https://", "must have a host"),
        ("https://[::1", "is not an address"), ("https://hooks.example:99999/", "is not an address"),
        ("https://hooks.example/a?x=me@example.com", ""),
    ],
)  # fmt: skip
def test_address_that_others_see_is_checked(url, words):
    given = {"webhook": "url", "pagerduty": "url", "slack": "api_url"}
    for kind, field in given.items():
        fault = (
            CHANNEL_KINDS.get(kind).check({field: url, "channel": "C1"}, {"bot_token": "x"}).get(field, "")
        )
        assert words in fault
        assert bool(words) == bool(fault)
    faults = executor_for("webhook").faults({"url": url})
    assert bool(words) == bool(faults)
