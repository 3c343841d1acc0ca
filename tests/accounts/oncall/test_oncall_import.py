"""Import of iCalendar: guards against hostile calendars, matching, a feed over a real socket, failures."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from ipaddress import ip_network
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import OnCallImport, OnCallSchedule, OnCallShift
from accounts.oncall.ical_expansion import Occurrence, expand
from accounts.oncall.ical_guard import CalendarError, check_calendar
from accounts.oncall.ical_matching import Person, matched
from accounts.oncall.services.imports import set_calendar, stop_import
from accounts.oncall.services.schedules import create_schedule
from accounts.people.services.members import deactivate_member
from core.errors import Invalid
from core.queue.runner import run_due
from core.queues import UPKEEP
from core.secrets.encryption import encrypt
from tests.fakes.receiver import Receiver, Reply, running

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(*events: str) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for number, event in enumerate(events):
        lines += ["BEGIN:VEVENT", f"UID:{number}@test", *event.split("|"), "END:VEVENT"]
    return ("\r\n".join([*lines, "END:VCALENDAR"]) + "\r\n").encode()


WEEK = "DTSTART:20261130T080000Z|DTEND:20261207T080000Z|SUMMARY:ann"
HOSTILE = {
    "rule": [
        f"{WEEK}|RRULE:{rule}"
        for rule in (
            "FREQ=SECONDLY", "FREQ=MINUTELY;INTERVAL=5", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=100000",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYHOUR=1,2,3",
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", "FREQ=WEEKLY;BYDAY=2MO", "FREQ=DAILY;FREQ=DAILY",
            "FREQ=DAILY;" + "X" * 300, "", "FREQ=DAILY;INTERVAL=-1",
        )
    ],
    "no_events": [],
}  # fmt: skip


@pytest.mark.parametrize("event", HOSTILE["rule"], ids=lambda event: event[-40:])
def test_recurrence_that_could_hang_is_refused_at_once(event):
    started = time.monotonic()
    with pytest.raises(CalendarError) as refusal:
        check_calendar(calendar(event))
    assert refusal.value.reason == "rule"
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (calendar(), "no_events"),
        (calendar(WEEK) + b" " * 10_000_000, "too_large"),
        (calendar(*["DTSTART:20261130T080000Z"] * 2001), "too_many_events"),
        (b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 1000, "too_deep"),
        (b"PK\x03\x04" + b"\x00" * 100, "not_a_calendar"),
        (b"\x1f\x8b\x08\xff\xff", "not_a_calendar"),
        (b"<html>Sign in</html>", "not_a_calendar"),
        (calendar(f"{WEEK}|EXRULE:FREQ=DAILY"), "rule"),
        (calendar(f"{WEEK}|RRU\r\n LE:FREQ=SECONDLY"), "rule"),
    ],
)
def test_hostile_calendar_is_refused_with_its_reason(data, reason):
    with pytest.raises(CalendarError) as refusal:
        check_calendar(data)
    assert refusal.value.reason == reason


def between(start: str, end: str) -> dict[str, datetime]:
    return {
        "start": datetime.fromisoformat(f"{start}T00:00+00:00"),
        "end": datetime.fromisoformat(f"{end}T00:00+00:00"),
    }


def test_recurrence_exceptions_all_day_and_zones_are_expanded():
    text = check_calendar(
        calendar(
            "DTSTART;VALUE=DATE:20261130|DTEND;VALUE=DATE:20261201|SUMMARY:ann"
            "|RRULE:FREQ=WEEKLY;COUNT=3|EXDATE;VALUE=DATE:20261207",
            "DTSTART:20261202T090000|DTEND:20261202T170000|SUMMARY:bob",
            "DTSTART;TZID=W. Europe Standard Time:20261203T090000|"
            "DTEND;TZID=W. Europe Standard Time:20261203T170000|SUMMARY:eve",
            "DTSTART:20261204T080000Z|DTEND:20261204T090000Z|SUMMARY:gone|STATUS:CANCELLED",
        )
    )
    found = expand(text, zone=BERLIN, **between("2026-11-28", "2026-12-31"))
    assert sorted((one.summary, one.starts_at.astimezone(BERLIN).strftime("%d %H:%M")) for one in found) == [
        ("ann", "14 00:00"), ("ann", "30 00:00"), ("bob", "02 09:00"), ("eve", "03 09:00"),
    ]  # fmt: skip
    assert {one.ends_at - one.starts_at for one in found if one.summary == "ann"} == {timedelta(days=1)}


def test_reversed_event_is_refused():
    text = check_calendar(calendar("DTSTART:20261202T090000Z|DTEND:20261201T090000Z|SUMMARY:ann"))
    with pytest.raises(CalendarError) as refusal:
        expand(text, zone=BERLIN, **between("2026-11-28", "2026-12-31"))
    assert refusal.value.reason == "reversed"


ANN = Person(1, "ann.lee", "ann@example.test", "Ann Lee")
BOB = Person(2, "bob", "bob@example.test", "Bob")


def occurrence(summary: str, *attendees: str, day: int = 1, days: int = 1) -> Occurrence:
    start = datetime(2026, 12, day, tzinfo=BERLIN)
    return Occurrence(summary, summary, attendees, start, start + timedelta(days=days))


def test_people_are_matched_by_attendee_then_address_then_name():
    found = matched(
        [
            occurrence("Primary", "MAILTO:Ann@Example.test"), occurrence("on call: bob@example.test"),
            occurrence("Secondary: Ann Lee", day=3), occurrence("Bobby", day=5),
        ],
        [ANN, BOB],
    )  # fmt: skip
    assert [span.user_id for span in found.spans] == [1, 2, 1]
    assert found.unmatched == ["Bobby"]


def test_one_person_twice_at_a_time_is_refused():
    with pytest.raises(CalendarError) as refusal:
        matched([occurrence("bob", days=3), occurrence("bob again", day=2)], [BOB])
    assert refusal.value.reason == "overlap"


def test_event_longer_than_a_shift_becomes_several():
    spans = matched([occurrence("bob", days=60)], [BOB]).spans
    assert [(span.ends_at - span.starts_at).days for span in spans] == [28, 28, 4]


@pytest.fixture
def manager(make_actor):
    return make_actor("manager", username="mia")


@pytest.mark.django_db
def test_file_with_a_bad_rule_is_refused_by_field(manager):
    schedule = create_schedule(manager, name="Imported")
    with pytest.raises(Invalid) as refusal:
        set_calendar(manager, schedule_id=schedule.pk, data=calendar(f"{WEEK}|RRULE:FREQ=SECONDLY"))
    assert [(fault.field, fault.rule) for fault in refusal.value.faults] == [("file", "rule")]


@pytest.mark.django_db(transaction=True)
def test_feed_is_imported_and_its_shifts_outlive_its_failures(manager, settings):
    settings.HTTP_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    now = timezone.now()
    event = f"DTSTART:{now:%Y%m%d}T000000Z|DTEND:{now + timedelta(days=2):%Y%m%d}T000000Z|SUMMARY:mia"
    body = calendar(event, event.replace("mia", "stranger"))
    gone = calendar(event.replace("mia", "stranger"))
    replies = [
        Reply(body=body, headers={"ETag": '"1"'}),
        Reply(status=304),
        Reply(body=b"<html>"),
        Reply(status=503),
        Reply(body=gone),
    ]
    schedule = create_schedule(manager, name="Imported")
    with running(Receiver(lambda received: replies.pop(0))) as fake:
        set_calendar(manager, schedule_id=schedule.pk, url="https://calendar.example/x.ics")
        mine = OnCallSchedule.objects.of(manager.workspace_id)
        mine.update(sealed_url=encrypt(f"{fake.url}/x.ics"))
        problems = []
        for _ in range(5):
            assert run_due(UPKEEP) == 1
            schedule.refresh_from_db()
            problems.append(schedule.problem)
            assert OnCallShift.objects.of(manager.workspace_id).count() == 1
            OnCallImport.objects.of(manager.workspace_id).update(due_at=now)
        assert fake.received[1].headers["if-none-match"] == '"1"'
    assert problems[:2] == ["", ""]
    assert [
        ("BEGIN:VCALENDAR" in problems[2]),
        ("503" in problems[3]),
        ("names a member" in problems[4]),
    ] == [True] * 3
    assert schedule.unmatched == ["stranger"]
    assert schedule.failing_since is not None
    stop_import(manager, schedule_id=schedule.pk)
    assert run_due(UPKEEP) == 0


@pytest.mark.django_db
def test_calendar_is_imported_again_when_a_member_is_deactivated(manager, admin, make_actor):
    make_actor("responder", username="ann")
    schedule = create_schedule(manager, name="Imported")
    set_calendar(manager, schedule_id=schedule.pk, data=calendar(WEEK))
    items = OnCallImport.objects.of(manager.workspace_id)
    items.update(due_at=timezone.now() + timedelta(days=1))
    deactivate_member(admin, username="ann")
    assert items.get().due_at <= timezone.now()


@pytest.mark.django_db(transaction=True)
def test_calendar_at_a_private_address_is_not_read(manager, settings):
    settings.HTTP_ALLOWED_NETWORKS = ()
    schedule = create_schedule(manager, name="Imported")
    set_calendar(manager, schedule_id=schedule.pk, url="https://127.0.0.1/x.ics")
    assert run_due(UPKEEP) == 1
    schedule.refresh_from_db()
    assert "127.0.0.1" in schedule.problem
