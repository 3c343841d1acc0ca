"""Receives events: authenticate, authorize, parse, limit, store, nudge."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import WORKSPACE_HEADER
from accounts.tokens.authentication import (
    Grant,
    admit,
    credential,
    digest,
    find_token,
    is_use_due,
    local_actor,
)
from accounts.tokens.credentials import has_token_shape
from accounts.tokens.services import touch_token
from core.errors import Unauthenticated
from core.queue.nudge import nudge
from core.rate_limit.limiter import rate_limiter
from detection.evaluation.matching import Ruleset
from detection.ingest.cache import IngestCache
from detection.ingest.coalescer import AWAY, Coalescer, report_away, unavailable
from detection.ingest.connection import IngestConnection
from detection.ingest.limits import limits_of
from detection.ingest.parsing import ParsedEvent, is_lines, parse_body
from detection.ingest.responses import RawResponse, accepted
from detection.ingest.services.accept_events import catalogue_sources, retention, ruleset_of
from detection.ingest.statement import EncodedBatch, command, encode, repeats
from detection.ingest.threads import in_thread

EVALUATE = "detection.evaluate"
MAX_SOURCES = 100_000
MAX_TEXT = 16_384
NUDGE_GAP_S = 0.01


class EventReceiver:
    """Event receiver of one process. `receive` may be called by any number of tasks of its loop."""

    def __init__(self) -> None:
        self._connection = IngestConnection()
        # The version check must not wait for a statement in flight, so it has a connection of its own.
        self._glances = IngestConnection()
        self._fresh = IngestCache(self._glances.run)
        self._coalescer = Coalescer(self._flush)
        self._next = 0
        self._retention = retention()
        self._known: set[tuple[int, str]] = set()
        self._nudging = False
        self._nudge_again = False
        self._background: set[asyncio.Task[None]] = set()

    async def receive(self, headers: Mapping[str, str], client_ip: str, body: bytes) -> RawResponse:
        """Store a body for the sender identified by the headers.

        Raises a Problem if it is refused as a whole.
        """
        try:
            actor = await self._actor(headers, client_ip)
            batch = parse_body(body, datetime.now(UTC), self._retention, is_lines=is_lines(headers))
            if not batch.events:
                return accepted(batch, 0)
            await self._meter_events(actor, len(batch.events))
            ruleset = await self._ruleset(actor.workspace_id)
        except AWAY as error:
            report_away(error)
            raise unavailable() from None
        base = self._next
        # Reserved before anything is awaited: two batches must not share ordinals.
        self._next += len(batch.events)
        encoded = await self._pack(actor.workspace_id, batch.events, ruleset, base)
        repeated = await self._coalescer.put(encoded)
        self._catalogue(actor.workspace_id, batch.events)
        return accepted(batch, repeated)

    async def _actor(self, headers: Mapping[str, str], client_ip: str) -> Actor:
        await self._fresh.look()
        sent = credential(headers)
        actor = await (self._local(headers, client_ip) if sent is None else self._bearer(sent))
        require(actor, Capability.EVENTS_WRITE)
        return actor

    async def _bearer(self, sent: str) -> Actor:
        key = digest(sent)
        grant = self._fresh.grants.get(key)
        if grant is None and has_token_shape(sent):
            seen = self._fresh.seen
            grant = await in_thread(find_token, key)
            # What was read before a change must not be cached after it.
            if grant is not None and seen == self._fresh.seen:
                # A request at the same time may have put it there and recorded its use.
                grant = self._fresh.grants.setdefault(key, grant)
        now = datetime.now(UTC)
        actor = admit(grant, now=now)
        if grant is not None and is_use_due(grant, now=now):
            if self._fresh.grants.get(key) is grant:
                self._fresh.grants[key] = replace(grant, last_used_at=now)
            self._spawn(self._touch(grant, now))
        return actor

    async def _touch(self, grant: Grant, now: datetime) -> None:
        """Record the use of a token; if the database is down, a use a minute later does."""
        with contextlib.suppress(DatabaseError, TimeoutError):
            await in_thread(touch_token, grant.workspace_id, grant.token_id, now=now)

    async def _local(self, headers: Mapping[str, str], client_ip: str) -> Actor:
        slug = headers.get(WORKSPACE_HEADER)
        actor = None
        if settings.TOCSIN_OPEN_LOOPBACK:
            actor = await in_thread(local_actor, headers, client_ip, slug)
        if actor is None:
            raise Unauthenticated(
                "Send a token: `Authorization: Bearer tcs_…`. Nothing was stored.",
                headers={"WWW-Authenticate": 'Bearer realm="tocsin"'},
            )
        return actor

    async def _meter_events(self, actor: Actor, events: int) -> None:
        for limit in limits_of(actor):
            if not rate_limiter().take(limit, events):
                await in_thread(rate_limiter().lease, limit, events)

    async def _ruleset(self, workspace_id: int) -> Ruleset:
        ruleset = self._fresh.rulesets.get(workspace_id)
        if ruleset is None:
            seen = self._fresh.seen
            ruleset = await in_thread(ruleset_of, workspace_id)
            if seen == self._fresh.seen:
                self._fresh.rulesets[workspace_id] = ruleset
        return ruleset

    async def _pack(
        self, workspace_id: int, events: Sequence[ParsedEvent], ruleset: Ruleset, base: int
    ) -> EncodedBatch:
        """Encode a batch, in a thread if patterns run over much text: RE2 releases the interpreter lock."""
        if ruleset.has_patterns and sum(len(event.message) for event in events) > MAX_TEXT:
            return await in_thread(encode, workspace_id, events, ruleset, base)
        return encode(workspace_id, events, ruleset, base)

    async def _flush(self, batches: Sequence[EncodedBatch]) -> list[int]:
        query, params = command(batches)
        counts = repeats(batches, await self._connection.run(query, params))
        if len(params) > 1:
            self._wake()
        return counts

    def _wake(self) -> None:
        """Nudge detection from a thread; one nudge at a time, and another one for later arrivals."""
        self._nudge_again = True
        if not self._nudging:
            self._nudging = True
            self._spawn(self._nudge())

    async def _nudge(self) -> None:
        try:
            while self._nudge_again:
                self._nudge_again = False
                with contextlib.suppress(TimeoutError):
                    await in_thread(nudge, EVALUATE, "detection")
                await asyncio.sleep(NUDGE_GAP_S)
        finally:
            self._nudging = False

    def _catalogue(self, workspace_id: int, events: Sequence[ParsedEvent]) -> None:
        new = {event.source for event in events if (workspace_id, event.source) not in self._known}
        if new:
            if len(self._known) > MAX_SOURCES:
                self._known.clear()
            self._known |= {(workspace_id, source) for source in new}
            self._spawn(self._remember(workspace_id, new))

    async def _remember(self, workspace_id: int, sources: set[str]) -> None:
        """Add new sources to the catalogue; if the database is down, their next event does."""
        try:
            await in_thread(catalogue_sources, workspace_id, sources)
        except (DatabaseError, TimeoutError):
            self._known -= {(workspace_id, source) for source in sources}

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Finish background tasks and close the connections."""
        if self._background:
            await asyncio.wait(self._background)
        await self._connection.close()
        await self._glances.close()
