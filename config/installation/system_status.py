"""Status of the whole installation for its admins, with advice on each line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from typing import Any, Final

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from config.installation.host_checks import of_this_machine
from config.runtime.schedule import SCHEDULE
from config.version import version
from core.health.checks import CheckResult, Level, examine
from core.heartbeat.valkey import BEGUN, ages
from core.queue.declaration import QUEUES
from core.queue.nudge import valkey
from notifications.channels.models import Channel

LATE_ROUNDS: Final = 3
MIN_LATE_S: Final = 20.0
MANY_WAITING: Final = 1000
MAX_COUNTED: Final = 1000
MAX_CHANNELS: Final = 100
DEAD: Final = """
select count(*) from (select 1 from core_outboxdispatch where state = 'dead' limit %s) dead
"""
WAITING: Final = "select count(*), extract(epoch from now() - min(created_at)) from detection_pending"
SIZE: Final = "select pg_database_size(current_database()), current_setting('server_version')"
LATE_TASK: Final = "Check that beat and the worker run. See the log of the worker."


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, level (ok, warn, fail), a sentence, and what to do unless all is well."""

    name: str
    finding: CheckResult


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together. worst: the level of the worst of them."""

    title: str
    lines: tuple[Line, ...]

    @property
    def worst(self) -> Level:
        levels = {line.finding.level for line in self.lines}
        return "fail" if "fail" in levels else "warn" if "warn" in levels else "ok"


def sections(workspace_id: int | None = None) -> list[Section]:
    """Return every section; a line that cannot be determined says so. The slowest parts are queried first.

    workspace_id: whose channels are listed; without it, none are.
    """
    parts: dict[str, Callable[[], Iterator[tuple[str, CheckResult]]]] = {
        "Health": lambda: iter(examine().items()),
        "Queues": _waiting,
        "Scheduled work": _scheduled,
    }
    if workspace_id is not None:
        parts["Notification channels"] = lambda: _channels(workspace_id)
    parts["This server"] = _server
    return [Section(title, tuple(_lines(part))) for title, part in parts.items()]


def _lines(part: Callable[[], Iterator[tuple[str, CheckResult]]]) -> Iterator[Line]:
    try:
        for name, finding in part():
            yield Line(name, finding)
    except (DatabaseError, redis.RedisError, OSError) as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        yield Line("unavailable", CheckResult("fail", words, "See the lines under Health."))


def _row(query: str, params: list[Any] | None = None) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, params or [])
        found: tuple[Any, ...] = cursor.fetchone()
    return found


def _waiting() -> Iterator[tuple[str, CheckResult]]:
    for queue in QUEUES:
        waiting = int(valkey().llen(queue.name))
        level: Level = "warn" if waiting > MANY_WAITING else "ok"
        advice = f"Start the {queue.process} worker. No work is lost; jobs only wake the worker."
        words = "1 job queued" if waiting == 1 else f"{waiting} jobs queued"
        yield f"queue {queue.name}", CheckResult(level, words, advice)
    groups, age = _row(WAITING)
    yield "pending evaluation", _aged(int(groups), "groups of events", float(age or 0))
    dead = int(_row(DEAD, [MAX_COUNTED])[0])
    more = "or more " if dead == MAX_COUNTED else ""
    advice = "Open the admin pages, Outbox dispatches, to inspect and resend them."
    words = "1 dead letter" if dead == 1 else f"{dead} {more}dead letters"
    yield "dead letters", CheckResult("warn" if dead else "ok", words, advice)


def _aged(count: int, what: str, age_s: float) -> CheckResult:
    late = age_s > MIN_LATE_S
    words = f"{count} {what} wait, the oldest for {age_s:.0f} s" if count else f"no {what} wait"
    return CheckResult("warn" if late else "ok", words, "Start the outbound worker.")


def _scheduled() -> Iterator[tuple[str, CheckResult]]:
    known = ages(settings.REDIS_URL, [BEGUN, *(f"task:{task}" for task, _, _ in SCHEDULE.values())])
    for name, (task, every_s, _) in SCHEDULE.items():
        yield name, _last_success(known.get(f"task:{task}"), every_s, known.get(BEGUN))


def _last_success(age_s: float | None, every_s: float, begun_s: float | None = None) -> CheckResult:
    """Rate a task by the age of its last success, its period, and how long beat has been running."""
    rhythm = f"every {_span(every_s)}"
    if age_s is None and begun_s is not None and begun_s <= every_s + MIN_LATE_S:
        return CheckResult("ok", f"beat began {_span(begun_s)} ago; due {rhythm}")
    if age_s is None:
        return CheckResult("warn", f"has not succeeded in the last two hours; due {rhythm}", LATE_TASK)
    late = age_s > max(MIN_LATE_S, every_s * LATE_ROUNDS)
    words = f"last succeeded {_span(age_s)} ago; due {rhythm}"
    return CheckResult("warn" if late else "ok", words, LATE_TASK)


def _span(seconds: float) -> str:
    if seconds >= 48 * 3600:
        return f"{seconds / 86400:.0f} days"
    if seconds >= 2 * 3600:
        return f"{seconds / 3600:.0f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _channels(workspace_id: int) -> Iterator[tuple[str, CheckResult]]:
    channels = list(Channel.objects.of(workspace_id).order_by("name")[:MAX_CHANNELS])
    for channel in channels:
        yield channel.name, _last_sent(channel)
    if not channels:
        yield "channels", CheckResult("ok", "none yet")


def _last_sent(channel: Channel) -> CheckResult:
    if not channel.is_enabled:
        return CheckResult("ok", "switched off")
    age_s = (timezone.now() - channel.last_ok_at).total_seconds() if channel.last_ok_at else None
    words = "nothing was sent through it yet" if age_s is None else f"last sent {_span(age_s)} ago"
    if channel.state == Channel.State.OK:
        return CheckResult("ok", words)
    return CheckResult("warn", f"{words}; {channel.reason}", "Open Settings, Channels, and send a test.")


def _server() -> Iterator[tuple[str, CheckResult]]:
    yield "Tocsin", CheckResult("ok", f"version {version()}, Django {version_of('django')}")
    yield from of_this_machine()
    size, server = _row(SIZE)
    yield "database size", CheckResult("ok", f"{size / 1024**2:,.0f} MiB in PostgreSQL {server}")
    yield "Valkey", CheckResult("ok", f"version {_valkey_version()}, {_valkey_memory()} in use")


def _valkey_version() -> str:
    info: Mapping[str, Any] = valkey().info("server")
    return str(info.get("valkey_version") or info.get("redis_version") or "unknown")


def _valkey_memory() -> str:
    info: Mapping[str, Any] = valkey().info("memory")
    return str(info.get("used_memory_human", "?"))
