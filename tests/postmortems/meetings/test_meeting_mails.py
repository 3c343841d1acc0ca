"""Meetings by mail: invitation, update and cancellation as a mail server receives them, each once."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone
from icalendar import Calendar

from accounts.models import User
from accounts.oncall.services.feeds import create_feed
from core.outbox.relay import relay_due
from core.queue.runner import run_due
from incidents.privacy.services import set_private
from postmortems.drafting.services import draft_postmortem
from postmortems.meetings.models import MeetingMail
from postmortems.queues import MEETING
from postmortems.review.services import set_details
from tests.fakes.smtp import Mailbox, smtp_server
from tests.postmortems.meetings.test_calendars import _read

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mailbox(settings, monkeypatch):
    box = Mailbox()
    settings.MAIL_FROM = "Acme incidents <tocsin@example.test>"
    with smtp_server(box) as port:
        monkeypatch.setattr(
            "postmortems.meetings.invitation.get_connection",
            lambda timeout: EmailBackend(host="127.0.0.1", port=port, timeout=timeout),
        )
        yield box


@pytest.fixture
def postmortem(actor, resolved):
    User.objects.filter(pk=actor.user_id).update(address_proven_at=timezone.now())
    return draft_postmortem(actor, 1)


@pytest.fixture
def meeting():
    return timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=20)


def deliver(at=None):
    relay_due()
    relay_due()
    run_due(MEETING, at=at) if at else run_due(MEETING)


def parts(message):
    part = next(one for one in message.walk() if one.get_content_type() == "text/calendar")
    calendar = Calendar.from_ical(part.get_content())
    (event,) = calendar.walk("VEVENT")
    return part, calendar, event


def test_invitation_update_and_cancellation_are_one_event_in_order(
    actor, admin, postmortem, mailbox, meeting
):
    set_details(actor, 1, meeting_at=meeting, meeting_zone="America/New_York", owner="rita.responder")
    deliver()
    set_details(actor, 1, title="Another title")  # no other time: no mail
    deliver()
    set_details(actor, 1, meeting_at=meeting + timedelta(hours=1))
    deliver()
    feed = _read(create_feed(admin, name="All", kinds=["meetings"], everybody=True))[1]["meeting"]
    set_details(actor, 1, meeting_at=None)
    deliver()
    deliver()
    assert [message["to"] for message in mailbox.messages] == ["rita.responder@example.test"] * 3
    assert [message["subject"].partition(":")[0] for message in mailbox.messages] == [
        "Invitation", "Updated invitation", "Cancelled"
    ]  # fmt: skip
    read = [parts(message) for message in mailbox.messages]
    assert [part.get_param("method") for part, _, _ in read] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [str(calendar["method"]) for _, calendar, _ in read] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [event for _, _, event in read]
    assert len({str(event["uid"]) for event in events}) == 1
    assert [event["sequence"] for event in events] == [1, 2, 3]
    assert (str(feed["uid"]), feed["sequence"]) == (str(events[1]["uid"]), 2)
    assert [str(event["status"]) for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [event.decoded("dtstart").astimezone(UTC) - meeting for event in events] == [
        timedelta(), timedelta(hours=1), timedelta(hours=1)
    ]  # fmt: skip
    assert str(events[0]["organizer"]) == "mailto:tocsin@example.test"
    assert str(events[0]["attendee"]) == "mailto:rita.responder@example.test"
    assert events[0]["attendee"].params["RSVP"] == "TRUE"
    assert "BEGIN:VTIMEZONE" in read[0][0].get_content()
    assert "Message-ID" in mailbox.messages[0]


def test_two_moves_before_the_worker_runs_are_one_mail(actor, postmortem, mailbox, meeting):
    for hours in range(3):
        set_details(actor, 1, meeting_at=meeting + timedelta(hours=hours), owner="rita.responder")
        relay_due()
    deliver()
    assert [parts(message)[2]["sequence"] for message in mailbox.messages] == [3]


def test_unavailable_mail_server_gets_the_mail_later_and_once(actor, postmortem, mailbox, meeting):
    mailbox.reply = lambda recipient: "451 later"
    set_details(actor, 1, meeting_at=meeting, owner="rita.responder")
    deliver()
    assert mailbox.messages == []
    mailbox.reply = lambda recipient: None
    for hours in (1, 2):
        run_due(MEETING, at=timezone.now() + timedelta(hours=hours))
    assert len(mailbox.messages) == 1


def test_only_proven_addresses_of_people_who_may_see_it_are_invited(
    actor, admin, make_actor, postmortem, mailbox, meeting
):
    make_actor("responder", username="una.unproven")
    outsider = make_actor("responder", username="olga.outside")
    User.objects.filter(pk=outsider.user_id).update(address_proven_at=timezone.now())
    set_details(actor, 1, owner="olga.outside")
    set_private(admin, number=1, is_private=True, reason="Quiet")
    set_details(admin, 1, meeting_at=meeting)
    deliver()
    rows = MeetingMail.objects.of(actor.workspace_id).values_list("user__username", flat=True)
    assert "olga.outside" not in rows
    assert "una.unproven" not in rows


def test_meeting_in_the_past_and_one_without_mail_server_plan_nothing(
    actor, postmortem, mailbox, meeting, settings
):
    set_details(actor, 1, meeting_at=timezone.now() - timedelta(days=2), owner="rita.responder")
    deliver()
    settings.MAIL_FROM = ""
    set_details(actor, 1, meeting_at=meeting)
    deliver()
    assert MeetingMail.objects.of(actor.workspace_id).count() == 0
