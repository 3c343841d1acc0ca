"""Detects commits of findings: PostgreSQL delivers a notification at the commit, not before it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.harness.tocsin import Tocsin

TELL = """
create or replace function bench_tell() returns trigger language plpgsql as $$
begin
  if new.outcome = 'opened' then perform pg_notify('bench_opened', new.group_key); end if;
  return null;
end $$;
create or replace trigger bench_tell after insert on detection_finding
  for each row execute function bench_tell();
"""


class FindingListener:
    """Records when each group's incident was committed."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def opened(self, group: str, patience: float = 10.0) -> float | None:
        """Return the time (`time.perf_counter()`) of the notification for that group.

        None if there was none.
        """
        end = time.perf_counter() + patience
        while (left := end - time.perf_counter()) > 0:
            for notification in self.connection.notifies(timeout=left, stop_after=1):
                if notification.payload == group:
                    return time.perf_counter()
        return None


@contextmanager
def listening(tocsin: Tocsin) -> Iterator[FindingListener]:
    """Start listening on a running Tocsin."""
    with tocsin.connect() as connection:
        connection.execute(TELL)
        connection.execute("listen bench_opened")
        yield FindingListener(connection)
