"""Health checks and metrics, for machines and for people."""

from __future__ import annotations

import asyncio
import json
import threading
from io import StringIO
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from config.runtime.event_loop_watchdog import HUNG_AFTER_CHECKS, EventLoopWatchdog
from config.runtime.worker_watchdog import STUCK_AFTER_S, WorkerWatchdog
from core.embedded.process import wait_until
from core.health import checks as health_checks
from core.health.checks import CheckResult
from core.heartbeat import database as database_heartbeat
from core.heartbeat import valkey as valkey_heartbeat
from core.queue.declaration import QUEUES


@pytest.fixture(autouse=True)
def _no_stamps() -> None:
    valkey_heartbeat._last.clear()
    database_heartbeat._last.clear()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("tocsin:alive:beat")


def _all_alive() -> None:
    valkey_heartbeat.stamp(settings.REDIS_URL, "beat")
    for queue in QUEUES.names():
        database_heartbeat.stamp(queue)


def test_livez_makes_no_request(client: Client) -> None:
    response = client.get("/livez")
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readyz_is_ready_when_every_process_was_seen(client: Client) -> None:
    _all_alive()
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "ready", response.json()


@pytest.mark.django_db
def test_readyz_names_what_stopped_and_what_to_do_but_still_serves(client: Client) -> None:
    _all_alive()
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.set("tocsin:alive:beat", 1, ex=valkey_heartbeat.HEARTBEAT_TTL_S - 100)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["checks"]["beat"]["level"] == "warn"
    assert "celery --app config.runtime.beat beat" in response.json()["checks"]["beat"]["advice"]


@pytest.mark.django_db
def test_readyz_is_503_when_a_check_fails(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        health_checks.CHECKS._items, "migrations", lambda: CheckResult("fail", "3 are missing", "Migrate.")
    )
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "unready"


@pytest.mark.django_db
def test_doctor_prints_one_line_a_check_and_fails_with_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(
        health_checks.CHECKS._items, "migrations", lambda: CheckResult("fail", "3 are missing", "Migrate.")
    )
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=StringIO(), no_color=True)
    output = capsys.readouterr().out
    assert ended.value.code == 1
    assert "fail  migrations: 3 are missing\n      Migrate." in output
    assert "ok    database: Connected (PostgreSQL" in output


@pytest.mark.django_db
def test_metrics_count_incidents_by_severity(client: Client, workspace: Any, actor: Any) -> None:
    from incidents.correlation.services.opening import declare_incident
    from incidents.lifecycle.services.resolving import resolve_incident

    declare_incident(actor, title="Sign-in is down", severity="sev1")
    over = declare_incident(actor, title="Search is slow", severity="sev3")
    resolve_incident(actor, number=over.number, message="Fixed.")
    lines = client.get("/metrics").content.decode().splitlines()
    assert "incidents_total 2.0" in lines
    assert "incidents_active 1.0" in lines
    assert 'incidents_by_severity{severity="sev1"} 1.0' in lines
    assert 'incidents_by_severity{severity="sev3"} 0.0' in lines
    assert any(line.startswith("tocsin_outbox_lag_seconds ") for line in lines)
    assert 'incident_detection_latency_seconds_bucket{le="+Inf"} 0.0' in lines


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "status"), [("Bearer right-token", 200), ("Bearer wrong", 404), ("", 404)]
)
def test_metrics_in_production_take_the_token_only(
    client: Client, settings: Any, header: str, status: int
) -> None:
    settings.IS_PRODUCTION, settings.METRICS_TOKEN = True, "right-token"
    assert client.get("/metrics", headers={"Authorization": header}).status_code == status


@pytest.mark.django_db
def test_metrics_do_not_exist_in_production_without_a_token(client: Client, settings: Any) -> None:
    settings.IS_PRODUCTION, settings.METRICS_TOKEN = True, ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_worker_is_stuck_when_beat_runs_and_nothing_arrives() -> None:
    watch = WorkerWatchdog()
    later = watch.last_task_at + STUCK_AFTER_S + 1
    assert watch.is_stuck(later, beat_age=0.5)
    assert not watch.is_stuck(later, beat_age=None), "beat is down too"
    assert not watch.is_stuck(later, beat_age=60), "beat stopped"
    assert not watch.is_stuck(watch.last_task_at + 1, beat_age=0.5), "a task just ran"
    watch.note_task(1)
    assert not watch.is_stuck(later + 100, beat_age=0.5), "a long task runs"


def test_readyz_body_holds_no_address_of_a_server(client: Client, db: None) -> None:
    secret = settings.REDIS_URL.split("@")[0].rsplit(":", 1)[1]
    assert secret not in json.dumps(client.get("/readyz").json())


def test_loop_hangs_when_nothing_runs_on_it_between_many_checks() -> None:
    loop = asyncio.new_event_loop()
    is_blocked, go_on = threading.Event(), threading.Event()

    def block() -> None:
        is_blocked.set()
        go_on.wait(60)

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        watchdog = EventLoopWatchdog(loop)
        assert not watchdog.has_hung()
        loop.call_soon_threadsafe(block)
        assert is_blocked.wait(10)
        assert [watchdog.has_hung() for _ in range(HUNG_AFTER_CHECKS + 2)][-1], "no response"
        go_on.set()
        assert wait_until(lambda: not watchdog.has_hung(), 10), "it continues"
    finally:
        go_on.set()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
    loop.close()
    with pytest.raises(RuntimeError):
        watchdog.has_hung()
