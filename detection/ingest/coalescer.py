"""Batches concurrent requests into one statement without a timer.

Each caller is answered after its own commit. Bounded: a caller too many is refused at
once, not queued for ever.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import psycopg

from core.errors import Invalid, Problem, Unavailable
from detection.ingest.statement import EncodedBatch

MAX_WAITING_EVENTS = 20_000
MAX_FLUSH_EVENTS = 2000
# What means "the database cannot be asked now", and what means that it does not like a value.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError, OSError, TimeoutError)
VALUES = (psycopg.DataError, psycopg.IntegrityError)

Flush = Callable[[Sequence[EncodedBatch]], Awaitable[list[int]]]
Waiting = tuple[EncodedBatch, "asyncio.Future[int]"]


def unavailable() -> Unavailable:
    """What a caller is told when nothing could be stored."""
    return Unavailable(
        "Nothing was stored: the database cannot be reached. Retry with the same events.",
        headers={"Retry-After": "2"},
    )


class Coalescer:
    """One queue and one statement in flight, on one event loop."""

    def __init__(self, flush: Flush) -> None:
        self._flush = flush
        self._queue: deque[Waiting] = deque()
        self._waiting_events = 0
        self._running: asyncio.Task[None] | None = None

    async def put(self, parcel: EncodedBatch) -> int:
        """Store one parcel; answers after its commit with how many of its events were there already.

        Raises Unavailable when the queue is full or the database is away: nothing of the parcel was stored,
        or, where the connection broke during the commit, sending it again finds it stored.
        """
        if self._waiting_events + parcel.count > MAX_WAITING_EVENTS:
            raise Unavailable(
                "Nothing was stored: more events are arriving than can be stored. Slow down and retry.",
                headers={"Retry-After": "1"},
            )
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append((parcel, answer))
        self._waiting_events += parcel.count
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._drain())
        return await answer

    async def _drain(self) -> None:
        while self._queue:
            batch = self._next_batch()
            try:
                await self._store(batch)
            finally:
                self._waiting_events -= sum(parcel.count for parcel, _ in batch)
                _settle(batch, unavailable())

    def _next_batch(self) -> list[Waiting]:
        """The oldest parcels that fit one statement; one that repeats a key of another waits for the next."""
        batch: list[Waiting] = []
        events, keys = 0, set[tuple[int, str]]()
        while self._queue:
            parcel = self._queue[0][0]
            if batch and (events + parcel.count > MAX_FLUSH_EVENTS or not keys.isdisjoint(parcel.keys)):
                break
            batch.append(self._queue.popleft())
            events += parcel.count
            keys |= parcel.keys
        return batch

    async def _store(self, batch: list[Waiting]) -> None:
        try:
            counts = await self._flush([parcel for parcel, _ in batch])
        except VALUES:
            await self._store_singly(batch)
        except (*AWAY, psycopg.Error):
            # Also a database that is full, or has become read-only: the sender is not to blame.
            _settle(batch, unavailable())
        else:
            for (_, answer), count in zip(batch, counts, strict=True):
                if not answer.done():
                    answer.set_result(count)

    async def _store_singly(self, batch: list[Waiting]) -> None:
        """One parcel spoilt the statement for all: find it, so that only its sender hears of it."""
        if len(batch) > 1:
            for waiting in batch:
                await self._store([waiting])
        else:
            _settle(batch, Invalid("Nothing was stored: the database refused a value of these events."))


def _settle(batch: list[Waiting], problem: Problem) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(problem)
