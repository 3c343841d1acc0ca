"""Batches concurrent requests into one statement without a timer.

Each caller returns after its own commit. Bounded: beyond the limit a caller is refused at once, not queued
forever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import psycopg
import structlog

from core.errors import Invalid, Problem, Unavailable
from core.http.security_log import Budget
from detection.ingest.statement import EncodedBatch

MAX_WAITING_EVENTS = 20_000
MAX_FLUSH_EVENTS = 2000
# Errors of an unavailable database, as opposed to errors caused by a value.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, OSError, TimeoutError)
VALUES = (psycopg.DataError, psycopg.IntegrityError)

log = structlog.get_logger(__name__)
_lines = Budget(most=1, window_s=5.0)  # thousands of requests a second may fail for one reason

Flush = Callable[[Sequence[EncodedBatch]], Awaitable[list[int]]]
Waiting = tuple[EncodedBatch, "asyncio.Future[int]"]


def unavailable() -> Unavailable:
    """Return the error for requests that could not be stored."""
    return Unavailable(
        "Nothing was stored: the database cannot be reached. Retry with the same events.",
        headers={"Retry-After": "2"},
    )


def report_away(error: BaseException) -> None:
    """Log why requests are refused with 503, at most every five seconds."""
    unlogged = _lines.take()
    if unlogged is not None:
        reason = (str(error).strip().splitlines() or [""])[0]
        log.warning(
            "ingest.not_stored", error=type(error).__name__, reason=reason, more_since_last_line=unlogged
        )


class Coalescer:
    """One queue and one statement in flight, on one event loop."""

    def __init__(self, flush: Flush) -> None:
        self._flush = flush
        self._queue: deque[Waiting] = deque()
        self._waiting_events = 0
        self._running: asyncio.Task[None] | None = None

    async def put(self, encoded: EncodedBatch) -> int:
        """Store one batch; returns after its commit how many of its events were duplicates.

        Raises Unavailable when the queue is full or the database is down: nothing of the batch was stored,
        or, if the connection broke during the commit, a retry finds it stored.
        """
        if self._waiting_events + encoded.count > MAX_WAITING_EVENTS:
            raise Unavailable(
                "Nothing was stored: more events are arriving than can be stored. Slow down and retry.",
                headers={"Retry-After": "1"},
            )
        result: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((encoded, result))
        self._waiting_events += encoded.count
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._drain())
        return await result

    async def _drain(self) -> None:
        while self._queue:
            batch = self._next_batch()
            try:
                await self._store(batch)
            finally:
                self._waiting_events -= sum(encoded.count for encoded, _ in batch)
                _settle(batch, unavailable())

    def _next_batch(self) -> list[Waiting]:
        """Return the oldest batches that fit one statement.

        One with the same key as another waits for the next.
        """
        batch: list[Waiting] = []
        events, keys = 0, set[tuple[int, str]]()
        while self._queue:
            encoded = self._queue[0][0]
            if batch and (events + encoded.count > MAX_FLUSH_EVENTS or not keys.isdisjoint(encoded.keys)):
                break
            batch.append(self._queue.popleft())
            events += encoded.count
            keys |= encoded.keys
        return batch

    async def _store(self, batch: list[Waiting]) -> None:
        try:
            counts = await self._flush([encoded for encoded, _ in batch])
        except VALUES:
            await self._store_singly(batch)
        except (*AWAY, psycopg.Error) as error:
            # Also for a full or read-only database: the sender is not at fault.
            report_away(error)
            _settle(batch, unavailable())
        else:
            for (_, result), count in zip(batch, counts, strict=True):
                if not result.done():
                    result.set_result(count)

    async def _store_singly(self, batch: list[Waiting]) -> None:
        """Store batches one by one after an error, so that only the sender of the faulty one gets it."""
        if len(batch) > 1:
            for waiting in batch:
                await self._store([waiting])
        else:
            _settle(batch, Invalid("Nothing was stored: the database refused a value of these events."))


def _settle(batch: list[Waiting], problem: Problem) -> None:
    for _, result in batch:
        if not result.done():
            result.set_exception(problem)
