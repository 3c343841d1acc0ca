"""Heartbeats of workers and of the web processes in the database, available while Valkey is down.

Imported before Django's apps are ready, so there is no model here.
"""

from __future__ import annotations

import time
from typing import Final

from django.db import DatabaseError, InterfaceError, connection

EVERY_S: Final = 5.0
WEB: Final = "web"
_STAMP: Final = """
insert into core_workerheartbeat (name, seen_at) select unnest(%s::text[]), clock_timestamp()
on conflict (name) do update set seen_at = excluded.seen_at
"""
_AGE: Final = (
    "select extract(epoch from clock_timestamp() - max(seen_at)) from core_workerheartbeat where name = %s"
)
_last: dict[str, float] = {}


def stamp(*names: str) -> None:
    """Record that the workers of these queues have just worked, each at most every five seconds.

    Never raises.
    """
    now = time.monotonic()
    late = sorted(name for name in names if now - _last.get(name, -EVERY_S) >= EVERY_S)
    if not late:
        return
    _last.update(dict.fromkeys(late, now))
    try:
        with connection.cursor() as cursor:
            cursor.execute(_STAMP, [late])
    except (DatabaseError, InterfaceError):
        return


def age(name: str) -> float | None:
    """Return the seconds since that worker's last heartbeat, by the database's clock. Raises DatabaseError.

    None when there is none, or when it is in the future, as after a clock jump: a live worker sends the next
    one within seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AGE, [name])
        found = cursor.fetchone()[0]
    return None if found is None or found < -EVERY_S else max(0.0, float(found))
