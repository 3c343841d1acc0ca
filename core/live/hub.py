"""Fan-out of live updates: one subscription per process feeds all SSE streams.

Losing Valkey costs promptness only: streams stay open with their heartbeats, and once it is back every page
gets a refresh signal.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import lru_cache
from math import inf
from typing import Any, Final, NamedTuple

import redis.asyncio
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.errors import Problem
from core.health.monitor import HEALTH_MONITOR

HEARTBEAT_S: Final = 5.0
GAP_S: Final = 0.25  # at most four frames per second and viewer
STEP_S: Final = 0.02  # between two looks at streams whose gap is not over
SEND_PATIENCE_S: Final = 10.0  # a viewer slower than this is dropped and reconnects
FRAMES_PER_TURN: Final = 50  # frames started before other requests get their turn
RECHECK_S: Final = 15.0  # how long a stream may outlive its session or membership
WATCH_S: Final = 2.0
AGAIN_S: Final = 10.0  # after a change of health, until every process has noticed it: each checks every 5 s
FAILING_CHECKS: Final = "failing_checks"
JUST_NOW_S: Final = 5.0  # a page that was rendered within this time is sent again what changed meanwhile
MAX_RECENT: Final = 500  # topics of one workspace, before the older ones are forgotten
Viewers = frozenset[int] | None
CHANNELS: Final = "tocsin:live:*"
REFRESH: Final = "refresh"
BEAT: Final = b"event: beat\ndata: {}\n\n"
SEES_ALL: Final = 0  # as `Actor.viewer`
FindHome = Callable[[bytes], Awaitable["Listener"]]
log = logging.getLogger("tocsin.live")


@lru_cache(maxsize=256)
def frame(topics: frozenset[str], version: int) -> bytes:
    """Return one signal as SSE bytes; cached, so that it is encoded once for all viewers."""
    data = json.dumps({"topics": sorted(topics), "version": version}, separators=(",", ":"))
    return f"event: signal\ndata: {data}\n\n".encode()


def _valkey() -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL, retry=Retry(NoBackoff(), 0), health_check_interval=5, socket_connect_timeout=2
    )


class Listener(NamedTuple):
    """The workspace and the viewer id that decide which signals a stream receives."""

    workspace_id: int
    viewer: int


class Stream:
    """One viewer's stream. Pending signals are a set of its own topics: bounded, however slow it reads.

    Thousands may be open, so each has no task and no timer of its own: the hub starts its frames.
    """

    __slots__ = (
        "checked_at",
        "cookie",
        "ended",
        "is_stuck",
        "owner",
        "pending",
        "send",
        "sent_at",
        "stop",
        "topics",
        "version",
        "viewer",
        "workspace_id",
        "writing",
    )

    def __init__(
        self,
        listener: Listener,
        topics: frozenset[str],
        cookie: bytes,
        owner: str = "",
        send: Callable[[bytes], Awaitable[None]] | None = None,
    ) -> None:
        self.workspace_id, self.viewer = listener
        self.topics, self.cookie, self.owner, self.send = topics, cookie, owner, send
        self.pending: frozenset[str] = frozenset()
        self.version = 0
        self.ended = self.is_stuck = False
        self.stop: Callable[[], object] | None = None
        self.writing: asyncio.Task[None] | None = None
        self.checked_at = asyncio.get_running_loop().time()
        self.sent_at = inf  # when the last frame was started; inf: it does not take frames yet

    def start(self, stop: Callable[[], object]) -> None:
        """Take frames from now on. stop: called when the stream is to end."""
        self.sent_at, self.stop = asyncio.get_running_loop().time(), stop

    def offer(self, topics: Iterable[str], version: int) -> bool:
        """Add a change, which shares the next frame with others. Returns whether this stream receives it."""
        changed = frozenset(topics) if REFRESH in topics else self.topics.intersection(topics)
        if changed:
            self.pending |= changed
            self.version = max(self.version, version)
        return bool(changed)

    def may_receive(self, viewers: Viewers) -> bool:
        """Return whether a signal for these viewers is for this one; None: for all."""
        return viewers is None or self.viewer == SEES_ALL or self.viewer in viewers

    def take(self) -> bytes:
        """Return the next frame: what is pending, or a heartbeat."""
        if not self.pending:
            return BEAT
        bytes_, self.pending = frame(self.pending, self.version), frozenset()
        return bytes_

    def write(self, now: float) -> None:
        """Start the next frame, unless the stream has ended."""
        if not self.ended:
            self.sent_at = now
            self.writing = asyncio.create_task(self._write(self.take()))

    async def _write(self, data: bytes) -> None:
        try:
            if self.send is not None:
                await self.send(data)
        except (OSError, RuntimeError):
            self.end()
        finally:
            self.writing = None

    def end(self, *, is_stuck: bool = False) -> None:
        """Close the stream. is_stuck: its viewer does not read, so nothing more can be sent."""
        if not self.ended:
            self.ended, self.is_stuck = True, is_stuck
            if self.stop is not None:
                self.stop()


class Hub:
    """Every stream of this process, one subscription, and one sweep that ends streams of ended sessions.

    find_home: returns the listener of a Cookie header; raises Problem when the session has ended.
    """

    def __init__(self, find_home: FindHome) -> None:
        self.find_home = find_home
        self.streams: dict[int, set[Stream]] = defaultdict(set)
        self.owners: Counter[str] = Counter()  # number of streams per session
        self.changed: set[Stream] = set()  # with signals for the next frame
        self.wake = asyncio.Event()
        # workspace -> (topic, viewers) -> when it changed
        self.recent: dict[int, dict[tuple[str, Viewers], float]] = defaultdict(dict)
        self.tasks: list[asyncio.Task[None]] = []
        self.is_closing = self.is_listening = False

    def join(self, stream: Stream) -> None:
        """Add a stream; the first one starts the subscription. One added after `close` ends at once.

        It is sent at once what changed since its page was rendered.
        """
        self.streams[stream.workspace_id].add(stream)
        self.owners[stream.owner] += 1
        self._offer(stream, self._just_now(stream) if self.is_listening else (REFRESH,), 0)
        if self.is_closing:
            stream.end()
        elif not self.tasks:
            work = (self._write(), self._listen(), self._recheck(), self._watch())
            self.tasks = [asyncio.create_task(one) for one in work]

    def leave(self, stream: Stream) -> None:
        """Remove a stream, which sends nothing more."""
        stream.ended = True
        if stream not in self.streams[stream.workspace_id]:
            return
        self.streams[stream.workspace_id].discard(stream)
        self.changed.discard(stream)
        self.owners[stream.owner] -= 1
        if not self.owners[stream.owner]:
            del self.owners[stream.owner]

    def _just_now(self, stream: Stream) -> frozenset[str]:
        since = asyncio.get_running_loop().time() - JUST_NOW_S
        known = self.recent[stream.workspace_id].items()
        return frozenset(
            topic for (topic, viewers), at in known if at > since and stream.may_receive(viewers)
        )

    def _note(self, workspace_id: int, topics: frozenset[str], viewers: Viewers) -> None:
        now, known = asyncio.get_running_loop().time(), self.recent[workspace_id]
        known.update({(topic, viewers): now for topic in topics})
        if len(known) > MAX_RECENT:
            self.recent[workspace_id] = {t: at for t, at in known.items() if at > now - JUST_NOW_S}

    def close(self) -> None:
        """End every stream and unsubscribe: the process is stopping."""
        self.is_closing = True
        for task in self.tasks:
            task.cancel()
        for stream in self.everyone():
            stream.end()

    def everyone(self) -> list[Stream]:
        """Return all streams, as a copy."""
        return [stream for group in self.streams.values() for stream in group]

    def deliver(self, message: bytes) -> None:
        """Offer a message `{"workspace": id, "topics": [...], "version": n}` to the streams it concerns."""
        try:
            signal = json.loads(message)
            group, version = self.streams.get(signal["workspace"], ()), int(signal["version"])
            topics = frozenset(signal["topics"])
            named = signal.get("viewers")
            viewers = None if named is None else frozenset(named)
        except (ValueError, KeyError, TypeError):
            log.warning("a live signal could not be read and was dropped")
            return
        self._note(signal["workspace"], topics, viewers)
        for stream in group:
            if stream.may_receive(viewers):
                self._offer(stream, topics, version)

    def _offer(self, stream: Stream, topics: Iterable[str], version: int) -> None:
        if stream.offer(topics, version):
            self.changed.add(stream)
            self.wake.set()

    async def _write(self) -> None:
        """Start every frame when it is due."""
        loop, beat_at = asyncio.get_running_loop(), 0.0
        while True:
            self.wake.clear()
            now = loop.time()
            due = [one for one in self.changed if not one.writing and now - one.sent_at >= GAP_S]
            self.changed.difference_update(due)
            if now >= beat_at:
                beat_at = now + GAP_S
                due += self._without_frames(now)
            for number, stream in enumerate(due, 1):
                if not stream.writing:
                    self.changed.discard(stream)  # a signal that came during this turn is part of the frame
                    stream.write(loop.time())
                if not number % FRAMES_PER_TURN:
                    await asyncio.sleep(0)
            if self.changed:
                await asyncio.sleep(STEP_S)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(GAP_S):
                        await self.wake.wait()

    def _without_frames(self, now: float) -> list[Stream]:
        """Return the streams that need a heartbeat; end those whose viewers do not read."""
        quiet = []
        for stream in self.everyone():
            if stream.writing:
                if now - stream.sent_at > SEND_PATIENCE_S:
                    stream.end(is_stuck=True)
            elif now - stream.sent_at >= HEARTBEAT_S and not stream.pending:
                quiet.append(stream)
        return quiet

    async def _listen(self) -> None:
        pause, lost = 0.1, False
        while not self.is_closing:
            try:
                async with _valkey() as client, client.pubsub(ignore_subscribe_messages=True) as inbox:
                    await inbox.psubscribe(CHANNELS)
                    if lost:
                        self._refresh_everyone()
                    pause, lost, self.is_listening = 0.1, True, True
                    await self._drain(inbox)
            except (RedisError, OSError, TimeoutError) as fault:
                log.warning("live signals unavailable, retrying in %.1f s: %s", pause, fault)
                lost, self.is_listening = True, False
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _drain(self, inbox: Any) -> None:
        # Not "while True": the library's use of `wait_for` may lose a cancellation (Python 3.11).
        while not self.is_closing:
            message = await inbox.get_message(timeout=5.0)
            if message is not None and message["type"] == "pmessage":
                self.deliver(message["data"])

    def _refresh_everyone(self) -> None:
        for stream in self.everyone():
            self._offer(stream, (REFRESH,), 0)

    async def _watch(self) -> None:
        """Signal changes of health from this process itself, since Valkey may be what failed.

        A page may fetch the result from a process that has not noticed the change yet: it is signalled again.
        """
        loop, before = asyncio.get_running_loop(), HEALTH_MONITOR.last_result()
        again_at = loop.time() + AGAIN_S
        while True:
            await asyncio.sleep(WATCH_S)
            now, found = loop.time(), HEALTH_MONITOR.last_result()
            is_new, before = found != before, found
            if is_new or now >= again_at:
                again_at = now + AGAIN_S if is_new else inf
                for stream in self.everyone():
                    self._offer(stream, (FAILING_CHECKS,), 0)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S / 5)
            now = asyncio.get_running_loop().time()
            due: dict[bytes, list[Stream]] = defaultdict(list)
            for stream in self.everyone():
                if now - stream.checked_at > RECHECK_S * 0.8:
                    due[stream.cookie].append(stream)
            for cookie, streams in due.items():
                await self._recheck_one(cookie, streams)

    async def _recheck_one(self, cookie: bytes, streams: list[Stream]) -> None:
        try:
            home: Listener | None = await asyncio.shield(self.find_home(cookie))
        except Problem:
            home = None
        except (DatabaseError, InterfaceError):
            return  # unknown, so nothing changes until the next sweep
        for stream in streams:
            stream.checked_at = asyncio.get_running_loop().time()
            if home is None or stream.workspace_id != home.workspace_id:
                stream.end()
            else:
                stream.viewer = home.viewer
