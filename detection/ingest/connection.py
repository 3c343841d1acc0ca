"""Asynchronous database connection of ingest, reopened after a failure."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Sequence
from typing import Any, Final, LiteralString

import psycopg

from core.sql.database_url import libpq_parameters
from detection.ingest.statement import JsonText, JsonTextDumper

TIMEOUT_S: Final = 5.0
CONNECT_WITHIN_S: Final = 2


class IngestConnection:
    """Runs one statement after the other, each in its own transaction. Not for concurrent tasks."""

    def __init__(self) -> None:
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._turn = asyncio.Lock()

    async def run(self, query: LiteralString, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of one committed statement.

        Raises psycopg.Error, OSError or TimeoutError (5 s); after a failure the next call reconnects.
        """
        async with self._turn:
            intact = False
            try:
                connection = await self._open()
                async with asyncio.timeout(TIMEOUT_S):
                    cursor = await connection.execute(query, params)
                    rows = await cursor.fetchall()
                intact = True
                return rows
            except psycopg.DataError:
                intact = True
                raise
            finally:
                # After anything else, a cancelled caller included, the state of this connection is unknown.
                if not intact:
                    await self.close()

    async def close(self) -> None:
        """Close the connection; the next `run` opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> psycopg.AsyncConnection[Any]:
        if self._connection is not None and _was_cut(self._connection):
            await self.close()
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                **_parameters(), autocommit=True, prepare_threshold=1
            )
            self._connection.adapters.register_dumper(JsonText, JsonTextDumper)
        return self._connection


def _was_cut(connection: psycopg.AsyncConnection[Any]) -> bool:
    """Return whether the server closed it, as when PostgreSQL restarts.

    Asked before a statement is sent, since one that failed is not repeated: it may have been stored. A server
    sends nothing between two statements except when it closes, or reports a changed setting, which is rare.
    """
    if connection.closed:
        return True
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    return bool(socket.poll(0))


def _parameters() -> dict[str, Any]:
    """Return Django's connection parameters, without its pool."""
    own = {"connect_timeout": CONNECT_WITHIN_S, "application_name": "tocsin-ingest"}
    return libpq_parameters() | own
