"""The health monitor: what does not work is shown on every page with its start, and pushed to open pages."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone

from config.installation.panels import FailingChecks
from core.health import checks as health_checks
from core.health import monitor
from core.health.checks import CheckResult
from core.health.monitor import HEALTH_MONITOR, FailingCheck, HealthMonitor
from core.heartbeat import database as database_heartbeat
from core.heartbeat import valkey as valkey_heartbeat
from core.live import hub
from core.models import OutboxDispatch, OutboxEvent, WorkerHeartbeat
from core.queue.declaration import QUEUES
from core.queue.nudge import valkey

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 14, 2, 31, tzinfo=UTC)


def looked(found, **options):
    one = HealthMonitor(lambda: found, **options)
    one.check_now()
    return one


@pytest.fixture
def all_alive() -> None:
    valkey_heartbeat._last.clear()
    database_heartbeat._last.clear()
    valkey_heartbeat.stamp(settings.REDIS_URL, "beat")
    for queue in QUEUES.names():
        database_heartbeat.stamp(queue)


@pytest.fixture
def problem_shown(monkeypatch):
    """A problem that every page must show."""
    problem = FailingCheck("beat", "Scheduler (beat)", "Start it.", AT)
    monkeypatch.setattr(HEALTH_MONITOR, "_failing_checks", (problem,))


@pytest.fixture
def browser(client, actor, make_user) -> Client:
    from accounts.models import User

    client.force_login(User.objects.get(pk=actor.user_id))
    return client


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/declare", "/account/password", "/sign-in"])
def test_page_shows_what_does_not_work_and_since_when(browser, problem_shown, path):
    if path == "/sign-in":
        browser.logout()
    text = browser.get(path).content.decode()
    assert 'class="banner banner-failing" role="alert"' in text
    assert "Scheduler (beat): failing since" in text
    assert "2026-03-01T14:02:31+00:00" in text


def test_page_shows_nothing_when_all_is_well(browser):
    assert "banner-failing" not in browser.get("/incidents").content.decode()


def test_banner_costs_no_statement(browser, django_assert_num_queries):
    with django_assert_num_queries(2):  # the session, the person
        browser.get("/account/password")


def test_readyz_warnings_equal_those_of_the_health_monitor(all_alive):
    WorkerHeartbeat.objects.filter(name="detection").update(seen_at=timezone.now() - timedelta(minutes=2))
    one = HealthMonitor(health_checks.examine, starting_s=0)
    one.check_now()
    # Asking for them would start someone who goes on looking. What earlier tests left may be reported too.
    [problem] = [found for found in one._failing_checks if found.name == "detection worker"]
    response = Client().get("/readyz").json()
    assert response["checks"]["detection worker"]["level"] == "warn"
    assert response["status"] == "degraded"
    assert 'tocsin_health{check="detection worker"} 0.5' in Client().get("/metrics").content.decode()
    assert abs(timezone.now() - timedelta(minutes=2) - problem.since) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("table", "name"), [("core_outboxdispatch", "outbox"), ("detection_pending", "detection")]
)
def test_overdue_queue_is_reported_with_its_start(all_alive, workspace, table, name):
    if name == "outbox":
        event = OutboxEvent.objects.create(topic="x", workspace_id=workspace.pk, payload={})
        late = timezone.now() - timedelta(minutes=5)
        OutboxDispatch.objects.create(event=event, subscriber="live", due_at=late)
    else:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(
                "insert into detection_pending"
                " (workspace_id, rule_id, group_key, event_ids, occurred, sources, created_at)"
                " values (%s, 1, '', '{}', '{}', '{}', now() - interval '5 minutes')",
                [workspace.pk],
            )
    finding = health_checks.examine()[name]
    assert finding.level == "warn"
    assert timedelta(seconds=290) < timezone.now() - finding.since < timedelta(seconds=330)


def test_without_valkey_the_workers_are_checked_by_the_database(all_alive, monkeypatch):
    away = redis.Redis(port=1, socket_connect_timeout=0.1, retry=None)
    monkeypatch.setattr(health_checks, "valkey", lambda: away)
    found = health_checks.examine()
    assert found["valkey"].level == "warn"
    assert "beat" not in found, "no one knows"
    assert found["relay worker"].level == found["detection worker"].level == "ok"


def test_problem_has_the_time_it_was_first_seen_until_it_ends():
    found = {"valkey": CheckResult("warn", "away")}
    one = looked(found, starting_s=0)
    [first] = one._failing_checks
    one.check_now()
    assert one._failing_checks == (first,)
    found["valkey"] = CheckResult("ok", "back")
    one.check_now()
    assert one._failing_checks == ()


def test_start_that_differs_a_little_at_each_check_stays():
    found = {"beat": CheckResult("warn", "late", since=AT)}
    one = looked(found, starting_s=0)
    before = one._failing_checks
    found["beat"] = CheckResult("warn", "late", since=AT + timedelta(seconds=2, microseconds=7))
    one.check_now()
    assert one._failing_checks == before
    found["beat"] = CheckResult("warn", "late again", since=AT + timedelta(minutes=5))
    one.check_now()
    assert [check.since for check in one._failing_checks] == [AT + timedelta(minutes=5)]


def test_banner_of_another_process_is_not_sent_again():
    def version(since):
        return FailingChecks().version({"failing_checks": (FailingCheck("beat", "Beat", "", since),)})

    assert version(AT) == version(AT + timedelta(microseconds=7)) != version(AT + timedelta(minutes=5))


def test_process_that_checked_nothing_for_long_shows_no_old_failure(monkeypatch):
    monkeypatch.setattr(monitor, "WAIT_S", 0.01)
    monkeypatch.setattr(monitor, "EVERY_S", 0)
    found, release = {"valkey": CheckResult("warn", "away")}, threading.Event()
    one = looked(found, starting_s=0)
    [first] = one._failing_checks
    one._checked_at -= 3600
    monkeypatch.setattr(one, "_examine", lambda: release.wait(10) and found)
    assert one.failing_checks() == ()
    monkeypatch.setattr(monitor, "REQUESTED_WITHIN_S", 0)
    release.set()
    one._thread.join(timeout=10)
    [later] = one._failing_checks
    assert later.since > first.since, "it may have been well meanwhile"


def test_starting_process_is_no_problem_but_a_failure_is():
    found = {"worker": CheckResult("warn", "not seen yet"), "database": CheckResult("fail", "away")}
    assert [problem.name for problem in looked(found)._failing_checks] == ["database"]


def test_no_page_waits_for_a_server_that_hangs():
    release = threading.Event()

    def hangs():
        release.wait(30)
        return {}

    one, began = HealthMonitor(hangs), time.monotonic()
    for _ in range(3):
        assert one.last_result() == ()
    assert one.failing_checks() == ()
    assert time.monotonic() - began < 2
    release.set()


def test_health_is_checked_in_the_background_while_requested(monkeypatch):
    monkeypatch.setattr(monitor, "EVERY_S", 0.01)
    monkeypatch.setattr(monitor, "REQUESTED_WITHIN_S", 0.2)
    looks = []
    one = HealthMonitor(
        lambda: looks.append(1) or {"worker": CheckResult("warn", "gone", since=AT)}, starting_s=0
    )
    assert [problem.since for problem in one.failing_checks()] == [AT]
    one._thread.join(timeout=10)
    assert not one._thread.is_alive(), "no requests any more"
    assert len(looks) > 1


async def _home(cookie):
    return hub.Listener(1, 7)


async def test_open_pages_get_a_problem_without_valkey(monkeypatch):
    monkeypatch.setattr(hub, "WATCH_S", 0.01)
    one, stream = hub.Hub(_home), hub.Stream(hub.Listener(1, 7), frozenset({"failing_checks"}), b"")
    watching = asyncio.create_task(one._watch())
    one.streams[1].add(stream)
    await asyncio.sleep(0.05)
    assert stream.take() == hub.BEAT
    monkeypatch.setattr(HEALTH_MONITOR, "_failing_checks", (FailingCheck("beat", "Beat", "", AT),))
    async with asyncio.timeout(5):
        while not stream.pending:
            await asyncio.sleep(0.01)
    assert b'"failing_checks"' in stream.take()
    watching.cancel()


async def test_change_is_signalled_again_for_pages_that_asked_a_process_without_it(monkeypatch):
    monkeypatch.setattr(hub, "WATCH_S", 0.01)
    monkeypatch.setattr(hub, "AGAIN_S", 0.1)
    one, stream = hub.Hub(_home), hub.Stream(hub.Listener(1, 7), frozenset({"failing_checks"}), b"")
    one.streams[1].add(stream)
    watching = asyncio.create_task(one._watch())
    assert await _signals(stream, 0.3) == 1, "at the start: its page may be from another process"
    monkeypatch.setattr(HEALTH_MONITOR, "_failing_checks", (FailingCheck("beat", "Beat", "", AT),))
    assert await _signals(stream, 0.3) == 2
    watching.cancel()


async def _signals(stream, seconds):
    """How often health is signalled within that time."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        count += stream.take() != hub.BEAT
        await asyncio.sleep(0.005)
    return count


def test_worker_heartbeat_is_written_at_most_every_five_seconds(django_assert_num_queries):
    valkey().flushdb()
    database_heartbeat._last.clear()
    with django_assert_num_queries(1):
        for _ in range(10):
            database_heartbeat.stamp("detection")
    assert database_heartbeat.age("detection") < 60
