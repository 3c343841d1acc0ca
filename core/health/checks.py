"""Health checks behind `/readyz` and `manage.py doctor`.

A check is one decorated function in any app's `checks.py`: `@health_check("name")` on a function that returns
a CheckResult. Only a failed check takes the web server out of rotation; a warning says that something behind
it is slow or stopped while events are still accepted and stored.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import redis
from django.conf import settings
from django.db import DatabaseError, ProgrammingError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.heartbeat import valkey as valkey_heartbeat
from core.queue.nudge import valkey
from core.registry import Registry
from core.sql.migration_files import unapplied_migrations

Level = Literal["ok", "warn", "fail"]
BEAT_LATE_S: Final = 15.0
LAG_LATE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of a check: a level, one sentence, what to do unless all is well, and since when if known.

    workspaces: ids of those affected if it is not the whole installation; others see no banner.
    """

    level: Level
    detail: str
    advice: str = ""
    since: datetime | None = None
    workspaces: frozenset[int] | None = None

    def as_json(self) -> dict[str, object]:
        """Return the result as `/readyz` shows it."""
        return {"level": self.level, "detail": self.detail, "advice": self.advice, "since": self.since}


Check = Callable[[], CheckResult]
CHECKS: Final[Registry[Check]] = Registry("health check")
# Slow or writing checks, run by `manage.py doctor` only.
PROBES: Final[Registry[Check]] = Registry("doctor probe")
Server = Literal["database", "valkey"]
# Checks that need a server are skipped while it is down: each would wait for its timeout.
DEPENDENCIES: Final[dict[str, Server]] = {}
TITLES: Final[dict[str, str]] = {}


def health_check(name: str, title: str, *, requires: Server | None = None) -> Callable[[Check], Check]:
    """Register a check under that name. title: what people call it; requires: the server it needs."""
    TITLES[name] = title
    if requires:
        DEPENDENCIES[name] = requires
    return CHECKS.register(name)


def doctor_probe(name: str) -> Callable[[Check], Check]:
    """Register a check that only `manage.py doctor` runs."""
    return PROBES.register(name)


def probe() -> dict[str, CheckResult]:
    """Run every probe."""
    return {name: _examined(PROBES.get(name)) for name in PROBES.names()}


def examine() -> dict[str, CheckResult]:
    """Run every check; a check that cannot reach its server counts as failed, not as an error."""
    found = {"database": _examined(_database), "valkey": _examined(_valkey)}
    away = {name for name, finding in found.items() if finding.level != "ok"}
    for name in CHECKS.names():
        if name not in found and DEPENDENCIES.get(name) not in away:
            found[name] = _examined(CHECKS.get(name))
    return found


def _examined(check: Check) -> CheckResult:
    try:
        return check()
    except DatabaseError as error:
        return CheckResult("fail", f"the database is unavailable: {_first_line(error)}", _DATABASE_ADVICE)
    except (redis.RedisError, OSError) as error:
        return CheckResult("warn", f"Valkey is unavailable: {_first_line(error)}", _VALKEY_ADVICE)


_DATABASE_ADVICE: Final = (
    "Start PostgreSQL, or correct DATABASE_URL. Nothing is accepted meanwhile, so nothing is lost."
)
_VALKEY_ADVICE: Final = (
    "Start Valkey, or correct REDIS_URL. Events are stored; incidents open late until it is back."
)

_OUTBOX_LAG: Final = """
select greatest(0, extract(epoch from clock_timestamp() - min(due_at)))
  from core_outboxdispatch where state = 'pending' and due_at <= now()
"""
_FULL_ADVICE: Final = (
    "Raise maxmemory, or remove other data stored in it. Events are stored; incidents open late."
)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@health_check("database", "The database")
def _database() -> CheckResult:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('server_version_num')::int, current_setting('server_version')")
        number, name = cursor.fetchone()
    if number < 140_000:
        return CheckResult("fail", f"PostgreSQL {name} is too old", "Use PostgreSQL 14 or newer.")
    return CheckResult("ok", f"Connected (PostgreSQL {name})")


@health_check("migrations", "Database migrations", requires="database")
def _migrations() -> CheckResult:
    missing = _missing_migrations()
    if missing:
        unapplied = "1 migration is" if missing == 1 else f"{missing} migrations are"
        return CheckResult("fail", f"{unapplied} not applied", "Run: manage.py prepare")
    return CheckResult("ok", "all applied")


class _PendingError(Exception):
    """Keeps a count of missing migrations out of the cache: only "none" stays true while the process runs."""


@functools.cache
def _all_applied() -> bool:
    if missing := unapplied_migrations():
        raise _PendingError(len(missing))
    return True


def _missing_migrations() -> int:
    try:
        _all_applied()
    except _PendingError as pending:
        return int(pending.args[0])
    return 0


def is_behind(fault: DatabaseError) -> bool:
    """Return whether the database error means that its migrations are older than this program."""
    if not isinstance(fault, ProgrammingError):
        return False
    try:
        return _missing_migrations() > 0
    except DatabaseError:
        return False


@health_check("valkey", "Valkey, which wakes the workers,")
def _valkey() -> CheckResult:
    try:
        valkey().set("tocsin:health", 1, ex=60)  # a full server still answers PING
    except redis.exceptions.OutOfMemoryError:
        return CheckResult("warn", "Valkey is full and rejects writes", _FULL_ADVICE)
    return CheckResult("ok", "Connected")


def seen(who: str, seconds: float | None, late_s: float, advice: str) -> CheckResult:
    """Return a warning if `who` has never sent a heartbeat, or none for `late_s` seconds."""
    if seconds is None:
        return CheckResult("warn", f"{who} has sent no heartbeat yet", advice)
    if seconds > late_s:
        return CheckResult("warn", f"{who}: last heartbeat {seconds:.0f} s ago", advice, _ago(seconds))
    return CheckResult("ok", f"{who}: heartbeat {seconds:.0f} s ago")


def waiting(what: str, seconds: float, late_s: float, advice: str) -> CheckResult:
    """Return a warning if the oldest of `what` has waited for more than `late_s` seconds."""
    if seconds > late_s:
        return CheckResult("warn", f"the oldest {what} waits for {seconds:.0f} s", advice, _ago(seconds))
    return CheckResult("ok", f"the oldest {what} waits for {seconds:.0f} s")


def _ago(seconds: float) -> datetime:
    """Return the time that many seconds ago by this machine's clock, which may not be the measuring one."""
    now: datetime = timezone.now()
    return now - timedelta(seconds=seconds)


@health_check("beat", "Scheduler (beat)", requires="valkey")
def _beat() -> CheckResult:
    advice = "Start: celery --app config.runtime.beat beat. Nudges still open incidents; sweeps wait."
    return seen("beat", valkey_heartbeat.age(settings.REDIS_URL, "beat"), BEAT_LATE_S, advice)


def outbox_lag() -> float:
    """Return the seconds the oldest due dispatch has waited; 0 when none waits."""
    return seconds_of(_OUTBOX_LAG)


def seconds_of(query: str) -> float:
    """Return the only value of a query that computes an age by the database's clock; null is 0."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        return float(cursor.fetchone()[0] or 0)


@health_check("outbox", "Outbox delivery", requires="database")
def _outbox() -> CheckResult:
    advice = "Check the log of the outbound worker. Nothing is lost, only delayed."
    return waiting("undelivered event", outbox_lag(), LAG_LATE_S, advice)


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """Return 200 while this process responds; checks nothing else."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 while requests can be served (`ready`, or `degraded` with warnings), else 503."""
    found = examine()
    levels = {finding.level for finding in found.values()}
    status = "unready" if "fail" in levels else "degraded" if "warn" in levels else "ready"
    body = {"status": status, "checks": {name: finding.as_json() for name, finding in found.items()}}
    return JsonResponse(body, status=503 if status == "unready" else 200)
