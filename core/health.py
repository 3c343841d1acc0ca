"""How Tocsin is: small checks, told by `/readyz` to machines and by `manage.py doctor` to people.

A check is one decorated function in any app's `checks.py`: `@health_check("name")` on a function that returns
a Finding. Only a failed check takes the web server out of rotation; a warning says that something behind it
is slow or stopped while events are still taken and kept.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, Literal

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from core import liveness
from core.nudge import valkey
from core.registry import Registry

Level = Literal["ok", "warn", "fail"]
BEAT_LATE_S: Final = 15.0
WORKER_LATE_S: Final = 20.0
LAG_LATE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: a level, one sentence, and what to do unless all is well."""

    level: Level
    detail: str
    advice: str = ""


Check = Callable[[], Finding]
CHECKS: Final[Registry[Check]] = Registry("health check")
# Those that ask PostgreSQL are not run while it is away: each would wait for it in vain.
ASK_DATABASE: Final[set[str]] = set()


def health_check(name: str, *, asks_database: bool = False) -> Callable[[Check], Check]:
    """Register a check under that name."""
    if asks_database:
        ASK_DATABASE.add(name)
    return CHECKS.register(name)


def examine() -> dict[str, Finding]:
    """Run every check; a check that cannot reach its server counts as failed, not as an error."""
    found = {"database": _examined(_database)}
    reached = found["database"].level != "fail"
    for name in CHECKS.names():
        if name not in found and (reached or name not in ASK_DATABASE):
            found[name] = _examined(CHECKS.get(name))
    return found


def _examined(check: Check) -> Finding:
    try:
        return check()
    except DatabaseError as error:
        return Finding("fail", f"the database cannot be asked: {_first_line(error)}", _DATABASE_ADVICE)
    except (redis.RedisError, OSError) as error:
        return Finding("warn", f"Valkey cannot be asked: {_first_line(error)}", _VALKEY_ADVICE)


_DATABASE_ADVICE: Final = (
    "Start PostgreSQL, or correct DATABASE_URL. Nothing is accepted meanwhile, so nothing is lost."
)
_VALKEY_ADVICE: Final = (
    "Start Valkey, or correct REDIS_URL. Events are kept; incidents open late until it is back."
)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@health_check("database")
def _database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int, current_setting('server_version')")
        number, name = cursor.fetchone()
    if number < 140_000:
        return Finding("fail", f"PostgreSQL {name} is too old", "Use PostgreSQL 14 or newer.")
    return Finding("ok", f"PostgreSQL {name} answers")


@health_check("migrations", asks_database=True)
def _migrations() -> Finding:
    missing = _missing_migrations()
    if missing:
        return Finding("fail", f"{missing} migrations are not applied", "Run: python manage.py migrate")
    return Finding("ok", "all are applied")


class _PendingError(Exception):
    """Keeps a count of missing migrations out of the cache: only "none" stays true while the process runs."""


@functools.cache
def _all_applied() -> bool:
    executor = MigrationExecutor(connection)
    if count := len(executor.migration_plan(executor.loader.graph.leaf_nodes())):
        raise _PendingError(count)
    return True


def _missing_migrations() -> int:
    try:
        _all_applied()
    except _PendingError as pending:
        return int(pending.args[0])
    return 0


@health_check("valkey")
def _valkey() -> Finding:
    valkey().ping()
    return Finding("ok", "Valkey answers")


def _seen(name: str, who: str, late: float, advice: str) -> Finding:
    seconds = liveness.age(settings.REDIS_URL, name)
    if seconds is None:
        return Finding("warn", f"{who} has not been seen yet", advice)
    if seconds > late:
        return Finding("warn", f"{who} was last seen {seconds:.0f} s ago", advice)
    return Finding("ok", f"{who} was seen {seconds:.0f} s ago")


@health_check("beat")
def _beat() -> Finding:
    advice = "Start: celery -A config.beat beat. Nudges still open incidents; sweeps and reminders wait."
    return _seen("beat", "beat", BEAT_LATE_S, advice)


@health_check("detection worker")
def _detection_worker() -> Finding:
    advice = "Start the worker of the queue `detection`. Events are kept; incidents open when it is back."
    return _seen("worker:detection", "the detection worker", WORKER_LATE_S, advice)


@health_check("worker")
def _worker() -> Finding:
    advice = "Start the worker of the queue `default`. Live updates and notices go out when it is back."
    return _seen("worker:default", "the worker", WORKER_LATE_S, advice)


def outbox_lag() -> float:
    """Seconds the oldest due dispatch has waited, by the database's clock; 0 when none waits."""
    oldest = "select coalesce(extract(epoch from now() - min(due_at)), 0) from core_outboxdispatch"
    with connection.cursor() as cursor:
        cursor.execute(f"{oldest} where state = 'pending' and due_at <= now()")
        return float(cursor.fetchone()[0])


@health_check("outbox", asks_database=True)
def _outbox() -> Finding:
    lag = outbox_lag()
    if lag > LAG_LATE_S:
        advice = "Look at the log of the worker of the queue `default`."
        return Finding("warn", f"the oldest undelivered fact waits for {lag:.0f} s", advice)
    return Finding("ok", f"the oldest undelivered fact waits for {lag:.0f} s")


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 while requests can be served (`ready`, or `degraded` with warnings), 503 when they cannot."""
    found = examine()
    levels = {finding.level for finding in found.values()}
    status = "unready" if "fail" in levels else "degraded" if "warn" in levels else "ready"
    body = {"status": status, "checks": {name: asdict(finding) for name, finding in found.items()}}
    return JsonResponse(body, status=503 if status == "unready" else 200)
