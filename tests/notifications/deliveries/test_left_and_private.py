"""What is not sent: to who left, about what turned private, and twice to one place."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Membership
from core.errors import Conflict
from core.outbox.relay import relay_due
from core.secrets.encryption import encrypt
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity
from incidents.privacy.services import set_private
from notifications.channels.models import Channel
from notifications.contacts.models import ContactMethod
from notifications.contacts.ways import ways_to
from notifications.deliveries.models import Delivery
from notifications.deliveries.services import resend_delivery
from notifications.escalation.pages import Page, plan_pages
from tests.fakes.receiver import Reply

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def declare(actor):
    def make(severity="sev1", title="Checkout is down"):
        return declare_incident(actor, title=title, severity=severity)

    return make


def rows(**filters):
    return list(Delivery.across_workspaces.filter(**filters).order_by("id"))


def make_due():
    Delivery.across_workspaces.filter(state="pending").update(due_at=Now() - timedelta(seconds=1))
    Channel.across_workspaces.update(retry_at=None)


def test_former_member_is_not_paged(declare, deliver, outside, actor, make_actor):
    ann = make_actor("responder")
    ContactMethod.objects.create(
        workspace_id=ann.workspace_id, user_id=ann.user_id, kind="email", address=encrypt("ann@example.com"),
        digest="x", hint="an…@example.com", verified_at=timezone.now(),
    )  # fmt: skip
    incident = declare()
    page = Page(f"esc:{incident.pk}:1:1:1", incident.pk, "on call", user_id=ann.user_id)
    plan_pages(ann.workspace_id, [page])
    Membership.objects.of(ann.workspace_id).filter(user_id=ann.user_id).delete()
    assert ways_to(ann.workspace_id, ann.user_id) == []
    deliver()
    assert outside.mailbox.messages == []
    [row] = rows(event_kind="page")
    assert (row.outcome, row.reason) == ("superseded", "the person is no member any more")


def test_notice_that_carries_others_leaves_out_what_turned_private(channel, declare, deliver, outside, actor):
    channel("slack")
    for title in ("Checkout is down", "Payroll data leaked"):
        declare("sev3", title)
    deliver()
    outside.slack.posted.clear()
    for number in (2, 1):
        change_severity(actor, number=number, severity="sev4")
        change_severity(actor, number=number, severity="sev3")
        acknowledge_incident(actor, number=number)
    relay_due()
    Delivery.across_workspaces.filter(incident_number=2, state="pending").update(
        state="done", outcome="merged", merged_into_id=rows(incident_number=1, state="pending")[-1].pk
    )
    set_private(actor, number=2, is_private=True, reason="Personal data")
    make_due()
    deliver()
    assert outside.slack.posted
    assert "Payroll" not in str(outside.slack.posted)


def test_fallback_already_notified_by_a_route_is_not_notified_again(channel, declare, deliver, outside):
    mail = channel("email")
    channel("webhook", fallback_id=mail.pk)
    outside.webhook.respond = lambda received: Reply(410)
    declare()
    deliver()
    deliver()
    assert {row.label.split()[0]: row.outcome for row in rows()} == {"email": "sent", "webhook": "dead"}
    assert len(outside.mailbox.messages) == 1


def test_sent_notification_is_repeated_once_at_a_time(channel, declare, deliver, outside, actor):
    channel("webhook")
    declare()
    deliver()
    [sent] = rows()
    copy = resend_delivery(actor, delivery_id=sent.pk)
    with pytest.raises(Conflict, match="again already"):
        resend_delivery(actor, delivery_id=sent.pk)
    deliver()
    assert resend_delivery(actor, delivery_id=sent.pk).pk != copy.pk
