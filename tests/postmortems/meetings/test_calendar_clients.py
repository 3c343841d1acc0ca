"""vdirsyncer fetches a feed from a real socket and khal lists it, over changes to summer time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from accounts.oncall.models import CalendarFeed
from accounts.oncall.services.feeds import create_feed, revoke_feed
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import Incident
from postmortems.documents.models import Postmortem
from postmortems.drafting.services import draft_postmortem

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 29, 12, tzinfo=UTC)
BERLIN, YORK = "Europe/Berlin", "America/New_York"
# New York changes on 14 March, Berlin on 28 March at 01:00 UTC.
MEETINGS = ((YORK, 12), (YORK, 16), (BERLIN, 26), (BERLIN, 30))
DETECTED = (datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC))
LISTED = {
    BERLIN: [
        "2027-03-12 16:00", "2027-03-16 15:00", "2027-03-26 10:00", "2027-03-28 01:30", "2027-03-28 03:30",
        "2027-03-30 10:00",
    ],
    YORK: [
        "2027-03-12 10:00", "2027-03-16 10:00", "2027-03-26 05:00", "2027-03-27 20:30", "2027-03-27 21:30",
        "2027-03-30 04:00",
    ],
}  # fmt: skip
SYNC = """
[general]
status_path = "{folder}/status"
[pair feed]
a = "remote"
b = "local"
collections = null
[storage remote]
type = "http"
url = "{url}"
[storage local]
type = "filesystem"
path = "{folder}/store"
fileext = ".ics"
"""
LIST = """
[calendars]
[[feed]]
path = {folder}/store
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
default_timezone = {zone}
local_timezone = {zone}
[sqlite]
path = {folder}/khal-{day}.db
"""


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def feed(actor, admin):
    """A feed of four meetings at 10:00 of their zone and of two incidents, an hour apart over the change."""
    with time_machine.travel(NOW, tick=True):
        for number, (zone, day) in enumerate(MEETINGS, 1):
            declare_incident(actor, title=f"Incident {number}")
            resolve_incident(actor, number=number, message="Done.", root_cause="Known.")
            draft_postmortem(actor, number)
            at = datetime(2027, 3, day, 10, tzinfo=ZoneInfo(zone))
            rows = Postmortem.objects.of(actor.workspace_id).filter(incident__number=number)
            rows.update(meeting_at=at, meeting_zone=zone)
        incidents = Incident.objects.of(actor.workspace_id)
        incidents.update(detected_at=NOW - timedelta(days=200))  # before the feed begins
        for number, at in enumerate(DETECTED, 1):
            incidents.filter(number=number).update(detected_at=at)
        yield create_feed(admin, name="All", kinds=["declarations", "meetings"], everybody=True)


def application(environ, start_response):
    found = Client().get(environ["PATH_INFO"])
    start_response(f"{found.status_code} {found.reason_phrase}", list(found.headers.items()))
    return [found.content]


@pytest.fixture
def server():
    """The application on a loopback socket; this thread serves, so that it sees the test's transaction."""
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as made:
        made.timeout = 0.1
        yield made


def run(server, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end while the server serves it."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as started:
        while started.poll() is None:
            server.handle_request()
        return subprocess.CompletedProcess(command, started.returncode, started.stdout.read())


def stored(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in (folder / "store").iterdir()}


def test_vdirsyncer_and_khal_read_the_feed_over_changes_of_the_clocks(feed, server, admin, tmp_path):
    url = f"http://127.0.0.1:{server.server_port}/calendar/{feed.secret}.ics"
    (tmp_path / "store").mkdir()
    config = tmp_path / "sync.conf"
    config.write_text(SYNC.format(folder=tmp_path, url=url))
    sync = ("vdirsyncer", "-c", str(config), "sync")
    found = run(server, "vdirsyncer", "-c", str(config), "discover")
    assert found.returncode == 0, found.stdout
    first = run(server, *sync)
    assert first.returncode == 0, first.stdout
    copies = stored(tmp_path)
    assert len(copies) == len(MEETINGS) + len(DETECTED)
    second = run(server, *sync)
    assert second.returncode == 0, second.stdout
    assert "Copying" in first.stdout
    assert "Copying" not in second.stdout
    assert stored(tmp_path) == copies
    for zone, times in LISTED.items():
        assert listed(server, tmp_path, zone) == times
    revoke_feed(admin, feed_id=CalendarFeed.objects.of(admin.workspace_id).get().pk)
    assert run(server, *sync).returncode != 0
    assert stored(tmp_path) == copies


def listed(server, folder: Path, zone: str) -> list[str]:
    """What khal lists of March, by the clock of a zone."""
    config = folder / "khal.conf"
    config.write_text(LIST.format(folder=folder, zone=zone, day=zone.replace("/", "-")))
    words = ("--once", "--day-format", "", "--format", "{start}", "2027-03-01", "31d")
    found = run(server, "khal", "-c", str(config), "list", *words)
    assert found.returncode == 0, found.stdout
    return sorted(line.strip() for line in found.stdout.splitlines() if line.strip())
