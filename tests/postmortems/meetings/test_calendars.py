"""Feeds show declarations, investigations, meetings and due items, at the right hour, and take them back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from accounts.oncall.calendar_sources import CalendarEvent
from accounts.oncall.ical_writing import calendar_text
from accounts.oncall.services.feeds import create_feed
from incidents.models import RoleAssignment
from incidents.privacy.services import remove_person, set_private
from postmortems.action_items.services import create_item, update_item
from postmortems.drafting.services import draft_postmortem
from postmortems.review.services import set_details

pytestmark = pytest.mark.django_db
KINDS = ["declarations", "investigations", "items", "meetings"]


def _read(feed) -> tuple[bytes, dict[str, dict]]:
    body = Client().get(f"/calendar/{feed.secret}.ics").content
    events = Calendar.from_ical(body).walk("VEVENT")
    return body, {str(event["uid"]).split("@")[0].rpartition("-")[0]: event for event in events}


@pytest.fixture
def meeting() -> datetime:
    """In the spring after next: its zone then has summer time, and the feed's window may not reach it."""
    return timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=20)


def test_workspace_feed_shows_every_kind(actor, admin, resolved, meeting):
    draft_postmortem(actor, 1)
    set_details(actor, 1, meeting_at=meeting, meeting_zone="America/New_York")
    due = timezone.now().date() + timedelta(days=9)
    create_item(actor, 1, title="Alert on pool usage", due_date=due)
    feed = create_feed(admin, name="All", kinds=KINDS, everybody=True)
    body, events = _read(feed)
    assert set(events) == {"declaration", "investigation", "meeting", "item"}
    assert b"BEGIN:VTIMEZONE" in body
    assert b"DTSTART;TZID=America/New_York:" in body
    assert events["meeting"].decoded("dtstart").astimezone(UTC) == meeting
    assert events["item"].decoded("dtstart") == due
    assert events["item"].decoded("dtend") == due + timedelta(days=1)
    assert isinstance(events["item"].decoded("dtstart"), date)
    assert events["declaration"]["transp"] == "TRANSPARENT"
    assert max(len(line) for line in body.split(b"\r\n")) <= 75


def test_moved_and_cancelled_meetings_have_the_same_uid(actor, admin, resolved, meeting):
    draft_postmortem(actor, 1)
    set_details(actor, 1, meeting_at=meeting)
    feed = create_feed(admin, name="All", kinds=["meetings"], everybody=True)
    first = _read(feed)[1]["meeting"]
    set_details(actor, 1, meeting_at=meeting + timedelta(hours=1))
    moved = _read(feed)[1]["meeting"]
    set_details(actor, 1, meeting_at=None)
    gone = _read(feed)[1]["meeting"]
    assert first["uid"] == moved["uid"] == gone["uid"]
    assert first["sequence"] < moved["sequence"] < gone["sequence"]
    assert "status" not in moved
    assert gone["status"] == "CANCELLED"


def test_done_items_are_cancelled_events(actor, admin, resolved):
    create_item(actor, 1, title="Alert on pool usage", due_date=timezone.now().date())
    feed = create_feed(admin, name="All", kinds=["items"], everybody=True)
    assert "status" not in _read(feed)[1]["item"]
    update_item(actor, 1, status="done")
    assert _read(feed)[1]["item"]["status"] == "CANCELLED"


def test_personal_feed_shows_what_is_ones_own(actor, make_actor, resolved):
    create_item(
        actor, 1, title="Alert on pool usage", assignee="rita.responder", due_date=timezone.now().date()
    )
    other = make_actor("responder")
    assert set(_read(create_feed(actor, name="Mine", kinds=KINDS))[1]) == {
        "declaration", "investigation", "item"
    }  # fmt: skip
    assert _read(create_feed(other, name="Mine", kinds=KINDS))[1] == {}


def test_personal_feed_shows_nothing_of_a_private_incident_one_may_not_see(actor, admin, resolved, meeting):
    due = timezone.now().date()
    create_item(actor, 1, title="Alert on pool usage", assignee="rita.responder", due_date=due)
    draft_postmortem(actor, 1)
    set_details(actor, 1, owner="rita.responder", meeting_at=meeting)
    feed = create_feed(actor, name="Mine", kinds=KINDS)
    set_private(admin, number=1, is_private=True, reason="Personal data")
    assert set(_read(feed)[1]) == {"declaration", "investigation", "meeting", "item"}
    RoleAssignment.objects.of(actor.workspace_id).update(ended_at=timezone.now())
    remove_person(admin, number=1, username="rita.responder")
    assert _read(feed)[1] == {}


def test_meetings_have_the_same_hour_after_a_daylight_saving_change():
    """10:00 in Berlin stays 10:00 in Berlin in March, and each instant is that of the meeting."""
    berlin, york = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
    starts = [
        datetime(2026, 3, 27, 10, tzinfo=berlin), datetime(2026, 3, 30, 10, tzinfo=berlin),
        datetime(2026, 3, 16, 10, tzinfo=york), datetime(2026, 11, 2, 10, tzinfo=york),
    ]  # fmt: skip
    events = [
        CalendarEvent(
            uid=f"meeting-{n}", starts_at=at.astimezone(UTC), ends_at=at.astimezone(UTC) + timedelta(hours=1),
            summary="Review", description="", changed_at=datetime(2026, 3, 1, tzinfo=UTC), url="/x",
            zone=at.tzinfo.key,
        )
        for n, at in enumerate(starts)
    ]  # fmt: skip
    body = calendar_text("Acme", events, host="tocsin.test", base_url="https://tocsin.test")
    calendar = Calendar.from_ical(body)
    assert {str(one["tzid"]) for one in calendar.walk("VTIMEZONE")} == {"Europe/Berlin", "America/New_York"}
    for event, at in zip(calendar.walk("VEVENT"), starts, strict=True):
        read = event.decoded("dtstart")
        assert (read.hour, read.astimezone(UTC)) == (10, at.astimezone(UTC))
