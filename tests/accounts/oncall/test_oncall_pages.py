"""The on-call pages as a browser without JavaScript, and the calendar feed read by khal."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import time, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from accounts.models import CalendarFeed, Membership, OnCallSchedule, OnCallShift
from accounts.oncall.services.feeds import create_feed, revoke_feed
from accounts.oncall.services.schedules import create_schedule, put_rotation
from accounts.oncall.validation import RotationValues
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
CONFIG = """
[calendars]
[[feed]]
path = {path}
[default]
default_calendar = feed
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
default_timezone = UTC
local_timezone = UTC
[sqlite]
path = {path}/khal.db
"""


@pytest.fixture
def manager(make_actor):
    return make_actor("manager", username="mia")


@pytest.fixture
def schedule(manager):
    made = create_schedule(manager, name="Primary, EU; “24/7”")
    put_rotation(
        manager,
        schedule_id=made.pk,
        layer=1,
        values=RotationValues(["mia"], time(9), timezone.now().date() - timedelta(days=2), unit="day"),
    )
    return made


def test_schedule_is_built_on_its_pages(manager, workspace):
    browser = browser_for(manager)
    made = browser.post("/settings/on-call", {"name": "Night", "time_zone": "Europe/Berlin"})
    page = made["Location"]
    rotation = {
        "layer": "1", "participants": "mia", "unit": "week", "length": "1", "handoff_weekday": "0",
        "handoff_time": "09:00", "starts_on": "2026-01-01",
    }  # fmt: skip
    assert browser.post(f"{page}/rotation", rotation).status_code == 303
    seen = browser.get("/on-call").content.decode()
    assert "Night" in seen
    assert re.search(r"<strong>Mia</strong> until", seen)
    refused = browser.post(f"{page}/rotation", rotation | {"participants": "nobody"})
    assert refused.status_code == 422
    assert b"must be active members" in refused.content.lower()
    assert browser.get(page).status_code == 200
    start = timezone.now() + timedelta(days=1)
    override = {"username": "mia", "starts_at": f"{start:%Y-%m-%dT%H:%M}", "ends_at": "2020-01-01T00:00"}
    assert browser.post(f"{page}/override", override).status_code == 422
    override["ends_at"] = f"{start + timedelta(hours=3):%Y-%m-%dT%H:%M}"
    assert browser.post(f"{page}/override", override).status_code == 303
    shift = OnCallShift.objects.of(workspace.pk).first()
    swap = {"shift_id": str(shift.pk), "other_shift_id": str(shift.pk)}
    assert browser.post(f"{page}/swap", swap).status_code == 422
    assert browser.post(f"{page}/remove-layer", {"number": "1"}).status_code == 303
    assert b"no one" in browser.get("/on-call").content
    assert browser.post(f"{page}/delete").status_code == 303
    assert not OnCallSchedule.objects.of(workspace.pk).exists()


def test_feed_is_created_read_and_revoked(manager, schedule, workspace):
    browser = browser_for(manager)
    made = browser.post("/settings/calendars", {"name": "Mine", "kinds": ["shifts"]})
    assert made.status_code == 201
    path = re.search(r"/calendar/[\w-]+\.ics", made.content.decode())[0]
    response = Client().get(path, headers={"user-agent": "khal/1"})
    shifts = OnCallShift.objects.of(workspace.pk).order_by("starts_at")
    events = Calendar.from_ical(response.content).walk("VEVENT")
    assert [event.decoded("dtstart") for event in events] == [
        shift.starts_at.replace(microsecond=0) for shift in shifts
    ]
    assert all(event["dtstart"].to_ical().endswith(b"Z") for event in events)
    assert Client().get(path, headers={"if-none-match": response["ETag"]}).status_code == 304
    feed = CalendarFeed.objects.of(workspace.pk).get()
    assert feed.last_agent == "khal/1"
    assert browser.post(f"/settings/calendars/{feed.pk}/revoke").status_code == 303
    assert Client().get(path).status_code == 404


def test_feed_ends_with_the_membership(manager, schedule, workspace):
    secret = create_feed(manager, name="Mine", kinds=["shifts"]).secret
    assert Client().get(f"/calendar/{secret}.ics").status_code == 200
    Membership.objects.of(workspace.pk).filter(user_id=manager.user_id).delete()
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


def test_feed_of_another_user_cannot_be_revoked(manager, make_actor):
    feed = create_feed(manager, name="Mine", kinds=["shifts"]).row
    with pytest.raises(Exception, match="no such calendar feed"):
        revoke_feed(make_actor("admin", username="other"), feed_id=feed.pk)


def test_khal_reads_the_shift_feed(manager, schedule, tmp_path, workspace):
    secret = create_feed(manager, name="Mine", kinds=["shifts"]).secret
    body = Client().get(f"/calendar/{secret}.ics").content
    (tmp_path / "feed.ics").write_bytes(body)
    config = tmp_path / "khal.conf"
    config.write_text(CONFIG.format(path=tmp_path / "store"))
    (tmp_path / "store").mkdir()
    khal = [sys.executable, "-m", "khal", "-c", str(config)]
    subprocess.run(
        [*khal, "import", "--batch", "-a", "feed", str(tmp_path / "feed.ics")], check=True, timeout=60
    )
    shift = OnCallShift.objects.of(workspace.pk).order_by("starts_at")[1]
    day = f"{shift.starts_at:%Y-%m-%d}"
    listed = subprocess.run(
        [*khal, "list", "--format", "{start-time} {title}", day, "1d"],
        check=True, timeout=60, capture_output=True, text=True,
    )  # fmt: skip
    assert "09:00 on call: Primary, EU; “24/7”" in listed.stdout


@pytest.mark.parametrize(
    "times",
    ["until=1035-07-07T03:29:46-21:22", "from=9999-12-31T23:59:59-10:00", "from=0001-01-01T00:00:00%2B23:00"],
)
def test_shifts_of_a_time_at_the_ends_of_the_calendar_are_none(manager, schedule, times):
    response = browser_for(manager).get(f"/api/v1/on-call/shifts?{times}&schedule_id=0")
    assert (response.status_code, response.json()) == (200, [])
