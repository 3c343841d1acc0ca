"""The PostgreSQL and Valkey that all candidates of a run share: the product's own, with its settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import redis
from psycopg import sql

from bench.harness.place import scratch
from core.embedded.postgres import Postgres
from core.embedded.servers import home_of, server
from core.embedded.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Servers:
    """Both servers, running. fsync is on: a request is on disk before its response."""

    postgres: Postgres
    valkey: Valkey

    def fresh_database(self, name: str) -> str:
        """Drop and create a database, flush the disk, and return its URL."""
        self.drop_database(name)
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            connection.execute("checkpoint")
        return self.postgres.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, even while it is in use."""
        query = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(query)

    def forget(self) -> None:
        """Empty Valkey, so that no queue of an earlier candidate is left."""
        with redis.Redis.from_url(self.valkey.url()) as client:
            client.flushall()

    @property
    def postmaster(self) -> int:
        """Return the pid of PostgreSQL; raises RuntimeError when it is not running."""
        handle = self.postgres.handle()
        if handle is None:
            raise RuntimeError("PostgreSQL does not run")
        return handle.pid


@contextmanager
def running_servers(**settings: str) -> Iterator[Servers]:
    """Run both servers during a benchmark; `settings` are additional ones of PostgreSQL."""
    home = home_of(scratch("servers"))
    postgres, valkey = server("postgres", home), server("valkey", home)
    if not (isinstance(postgres, Postgres) and isinstance(valkey, Valkey)):
        raise TypeError("the embedded servers are of another kind than their names")
    postgres.settings = settings
    try:
        postgres.start()
        valkey.start()
        yield Servers(postgres, valkey)
    finally:
        valkey.stop()
        postgres.stop()
