"""An upgrade of the database is killed in the middle: it is reported, and the next finishes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from accounts.actor import Actor, system_actor
from accounts.models import User
from config.paths import ROOT
from core.embedded.process import wait_until
from core.health import checks as health_checks
from detection.evaluation.services.draining import drain
from detection.ingest.services.accept_events import accept_events
from detection.models import DetectionRule
from incidents.correlation.services.opening import declare_incident
from incidents.models import Component, Incident
from tests import servers

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
WITHIN_S = 240
# That a migration is applied is written down last; that waits while someone else is about to write the same.
ONCE = "create unique index written_once on django_migrations (app, name)"
HOLD = "insert into django_migrations (app, name, applied) values (%s, %s, now())"
# Django writes that a migration is applied in its transaction only if it adds no foreign keys, as this one.
# The nearer the newest, the fewer must be taken back and applied again.
KILLED: Final = ("incidents", "0029_sort_by_status_and_deadline")
BEFORE: Final = ("incidents", "0028_update_templates")
RULE: Final[dict[str, Any]] = {
    "rule_id": "errors",
    "name": "Errors",
    "incident_type": "error_burst",
    "severity": "sev2",
    "minimum_level": 3,
    "error_threshold": 5,
    "time_window_seconds": 300,
}
WAITS = """
select exists (select 1 from pg_stat_activity
                where wait_event_type = 'Lock' and datname = current_database())
"""
BURST = b"[" + b",".join([b'{"service": "shop", "level": "critical"}'] * 20) + b"]"


def migrate(*targets: tuple[str, str]) -> None:
    """To those, or to the newest of all."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())
    health_checks._all_applied.cache_clear()


def go_back() -> list[tuple[str, str]]:
    """Take back every migration from `KILLED` on. Returns those that are applied next, in order."""
    MigrationExecutor(connection).migrate([BEFORE])
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    health_checks._all_applied.cache_clear()
    return [(migration.app_label, migration.name) for migration, _ in plan]


def applied(key: tuple[str, str]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from django_migrations where (app, name) = (%s, %s)", key)
        return bool(cursor.fetchone()[0])


def upgrade() -> subprocess.Popen[bytes]:
    """`manage.py migrate`, as a person or a deployment runs it."""
    argv = [sys.executable, "-W", "ignore", "manage.py", "migrate", "--verbosity", "0"]
    return subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "DATABASE_URL": servers.database_url()})


def is_held_up() -> bool:
    """Whether a query waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(WAITS)
        return bool(cursor.fetchone()[0])


@dataclass(frozen=True)
class Half:
    """An upgrade that was killed: the last migration it ended, and that in which it was killed.

    `component` is the id of one that was there before.
    """

    done: tuple[str, str]
    killed: tuple[str, str]
    component: int


@pytest.fixture
def half(workspace: object, admin: Actor) -> Iterator[Half]:
    """Some rows; the database of an older version; an upgrade that was killed within a migration."""
    component = Component.objects.create(workspace_id=admin.workspace_id, name="Shop")
    DetectionRule.objects.create(workspace_id=admin.workspace_id, **RULE)
    declare_incident(admin, title="There before")
    plan = go_back()
    at = plan.index(KILLED)
    done = plan[at - 1] if at else BEFORE
    try:
        with psycopg.connect(servers.database_url()) as other:
            other.execute(ONCE)
            other.commit()
            other.execute("set idle_in_transaction_session_timeout = 0")
            other.execute(HOLD, KILLED)
            with upgrade() as killed:
                assert wait_until(is_held_up, WITHIN_S), f"it met no lock: {killed.poll()}"
                killed.kill()
            other.rollback()
            other.execute("drop index written_once")
        assert wait_until(lambda: not is_held_up(), WITHIN_S)
        yield Half(done, KILLED, component.pk)
    finally:
        migrate()
        connection.close_pool()  # its connections prepared statements about tables that changed since


@pytest.fixture
def client(admin: Actor) -> Client:
    made = Client()
    user = User.objects.get(pk=admin.user_id)
    made.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return made


@pytest.mark.whole
def test_killed_upgrade_is_reported_and_finished_by_the_next(
    client: Client, half: Half, admin: Actor
) -> None:
    assert (applied(half.done), applied(half.killed)) == (True, False), "of the other nothing is there"
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert re.fullmatch(
        r"\d+ migrations? (is|are) not applied", ready.json()["checks"]["migrations"]["detail"]
    )
    page, response = client.get("/incidents/INC-1"), client.get("/api/v1/incidents/1")
    assert (page.status_code, response.status_code) == (503, 503)
    assert "its migrations are not finished" in page.content.decode()
    assert "its migrations are not finished" in response.json()["detail"]
    machine = system_actor(admin.workspace_id)

    with upgrade() as next_one:
        assert next_one.wait(timeout=WITHIN_S) == 0
    assert applied(half.killed)
    connection.close_pool()
    assert client.get("/readyz").json()["checks"]["migrations"]["level"] == "ok"
    assert "Shop" in client.get(f"/components/{half.component}").content.decode()
    accept_events(machine, body=BURST)
    drain()
    assert Incident.objects.of(admin.workspace_id).get(source="detected").event_count == 20
