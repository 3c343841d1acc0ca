"""Pages are served without SQL, also without a database; bars follow local days."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from threading import Event
from time import monotonic, sleep
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts.identity.bound_session import BOUND
from accounts.models import User
from status.pages.services.pages import put_page
from status.snapshots import asgi
from status.snapshots.bars import day_bars, uptime
from status.snapshots.disk import PageCopy, folder, write_copy
from status.snapshots.store import SnapshotStore, store


def fetch(path, **headers):
    """One GET through the ASGI callable: (served, status, headers, body)."""
    sent = []
    given = [
        (b"host", b"localhost"),
        *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()),
    ]
    scope = {"type": "http", "method": "GET", "path": path, "scheme": "http", "headers": given}

    async def send(message):
        sent.append(message)

    served = asyncio.run(asgi.served(scope, send))
    if not served:
        return False, 0, {}, b""
    return True, sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


def gone(*_):
    raise OperationalError("the database is away")


def test_page_is_served_from_memory_without_sql(scenario, django_assert_num_queries):
    scenario.build()
    store().refresh()
    with django_assert_num_queries(0):
        served, status, headers, body = fetch("/status/acme")
        assert (served, status) == (True, 200)
        assert b"All Systems Operational" in body
        etag = headers[b"etag"].decode()
        assert fetch("/status/acme", if_none_match=etag)[1] == 304
        assert (
            fetch("/status/acme/api/v2/summary.json", accept_encoding="gzip")[2][b"content-encoding"]
            == b"gzip"
        )
    assert fetch("/status/nobody")[0] is False
    assert fetch("/status/acme/subscribe/x")[0] is False


def test_last_page_is_served_while_the_database_is_away(scenario, monkeypatch):
    scenario.build()
    store().refresh()
    before = fetch("/status/acme")[3]
    store.cache_clear()  # the web process was restarted as well
    monkeypatch.setattr(SnapshotStore, "_load", gone)
    monkeypatch.setattr(SnapshotStore, "refresh_and_close", SnapshotStore.refresh)
    assert fetch("/status/acme")[3] == before
    assert b"As of" in before


def test_later_build_that_another_process_saw_is_served_while_the_database_is_away(scenario, monkeypatch):
    scenario.build()
    store().refresh()
    before = store().get("acme").version
    put_page(scenario.admin, values={"title": "Renamed"})
    scenario.build()
    SnapshotStore().refresh()
    monkeypatch.setattr(SnapshotStore, "_load", gone)
    monkeypatch.setattr("status.snapshots.store.LOOK_EVERY_S", 0)
    store().refresh()
    assert store().get("acme").version > before


def copied(version, slug="acme", **given):
    return PageCopy(
        **{"slug": slug, "page_id": 1, "version": version, "is_public": True, "workspace_id": 1}
        | {"domains": (), "forms": {}}
        | given
    )


@pytest.fixture
def idle():
    """A store that has not been asked for long."""
    pages = SnapshotStore()
    pages._copies = {"acme": copied(1)}
    return pages


async def test_every_request_waits_for_the_same_refresh_of_a_stale_store(idle, monkeypatch):
    refreshes = []

    def refresh():
        refreshes.append(sleep(0.05))
        idle._copies, idle._looked_at = {"acme": copied(2)}, monotonic()

    monkeypatch.setattr(idle, "refresh_and_close", refresh)
    found = await asyncio.gather(*(asgi._copy(idle, "acme") for _ in range(3)))
    assert [one.version for one in found] == [2, 2, 2]
    assert (await asgi._copy(idle, "acme")).version == 2
    assert len(refreshes) == 1


async def test_while_the_database_hangs_requests_wait_once_and_then_follow_the_disk(idle, monkeypatch):
    released = Event()
    monkeypatch.setattr(asgi, "MAX_WAIT_S", 0.05)
    monkeypatch.setattr(idle, "refresh_and_close", lambda: released.wait(10))
    write_copy(copied(2))
    found = await asyncio.gather(*(asgi._copy(idle, "acme") for _ in range(3)))
    assert [one.version for one in found] == [2, 2, 2]
    write_copy(copied(3))
    assert (await asgi._copy(idle, "acme")).version == 2, "from memory for two seconds"
    idle._read_at = float("-inf")
    monkeypatch.setattr(asgi, "MAX_WAIT_S", 60)
    assert (await asgi._copy(idle, "acme")).version == 3, "without waiting again"
    released.set()


def test_page_closed_or_removed_by_another_process_is_followed_without_a_database(idle):
    idle._copies |= {name: copied(4, name) for name in ("removed", "newer", "moved", "broken")}
    write_copy(copied(1, is_public=False, domains=("partner.example",)))
    write_copy(copied(3, "newer"))
    write_copy(copied(1, "moved", page_id=2))
    (folder() / "broken.json").write_text("[")
    idle.load_newer()
    assert not idle.get("acme").is_public
    assert idle.get("acme").domains == ("partner.example",)
    assert idle.get("removed") is None
    assert (idle.get("newer").version, idle.get("broken").version) == (4, 4)
    assert idle.get("moved").page_id == 2


def test_what_the_database_gave_meanwhile_is_not_replaced_from_disk(idle, monkeypatch):
    def read():
        idle._copies = {"acme": copied(1, is_public=False)}
        return {"acme": copied(1)}

    monkeypatch.setattr("status.snapshots.store.read_copies", read)
    write_copy(copied(1))
    idle.load_newer()
    assert not idle.get("acme").is_public


def test_page_that_is_off_or_deleted_is_not_served(scenario):
    scenario.build()
    put_page(scenario.admin, values={"is_enabled": False})
    store().refresh()
    assert fetch("/status/acme")[0] is False
    assert Client().get("/status/acme").status_code == 404


def test_page_that_is_no_longer_public_is_closed_before_its_next_build(scenario):
    scenario.build()
    store().refresh()
    assert fetch("/status/acme")[1] == 200
    put_page(scenario.admin, values={"access": "domains", "domains": ["partner.example"]})
    store()._looked_at = float("-inf")
    store().refresh()
    assert fetch("/status/acme")[0] is False
    assert Client().get("/status/acme").status_code == 303


def test_page_for_named_domains_requires_an_address(scenario, make_user):
    put_page(scenario.admin, values={"access": "domains", "domains": ["partner.example"]})
    scenario.build()
    store().refresh()
    assert fetch("/status/acme")[0] is False
    outsider, partner, member = Client(), Client(), Client()
    outsider.force_login(make_user("stranger"))
    reader = make_user("reader", email="reader@partner.example")
    assert not reader.is_proven
    partner.force_login(reader)
    member.force_login(User.objects.get(pk=scenario.actor.user_id))
    for form in ("", "/history", "/api/v2/summary.json"):
        led = Client().get(f"/status/acme{form}")
        assert (led.status_code, led["Location"]) == (
            303,
            "/sign-in?next=" + quote(f"/status/acme{form}", ""),
        )
    assert Client().get("/status/none").status_code == 404
    assert outsider.get("/status/acme").status_code == 404
    assert member.get("/status/acme").status_code == 200
    assert partner.get("/status/acme").status_code == 404  # their address is not verified
    proven = User.objects.filter(pk=reader.pk)
    proven.update(address_proven_at=timezone.now(), address_proven_in=scenario.admin.workspace_id + 1)
    assert partner.get("/status/acme").status_code == 404  # the provider of another workspace says so
    proven.update(address_proven_in=None)
    assert partner.get("/status/acme").status_code == 200
    session = partner.session
    session[BOUND] = scenario.admin.workspace_id + 1
    session.save()
    assert partner.get("/status/acme").status_code == 404
    session[BOUND] = scenario.admin.workspace_id
    session.save()
    User.objects.filter(pk=reader.pk).update(email="reader@notpartner.example")
    assert partner.get("/status/acme").status_code == 404


@pytest.mark.parametrize(
    ("zone", "changed", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23), ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23), ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5), ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("America/Nuuk", date(2026, 3, 28), 23), ("America/Nuuk", date(2026, 10, 24), 25),
    ],
)  # fmt: skip
def test_bars_follow_local_days_over_the_change_of_the_clock(zone, changed, hours):
    here = ZoneInfo(zone)
    now = datetime(changed.year, changed.month, changed.day, 12, tzinfo=here) + timedelta(days=30)
    begins = datetime(changed.year, changed.month, changed.day, tzinfo=here)
    ends = datetime.combine(changed + timedelta(days=1), time(), here).astimezone(UTC) - timedelta(minutes=1)
    spans = [
        ("operational", (begins - timedelta(days=20)).astimezone(UTC), begins.astimezone(UTC)),
        ("major_outage", begins.astimezone(UTC), ends),
        ("operational", ends, None),
    ]
    bars = day_bars(spans, here, now)
    assert len(bars) == 90
    assert [one.day for one in bars if one.state == "major_outage"] == [changed]
    assert bars[0].state is None
    known_h = (now - spans[0][1]).total_seconds() / 3600
    assert uptime(spans, now) == pytest.approx(100 * (1 - (hours - 1 / 60) / known_h))
