"""Open pages hear that something changed: GET /live?topics=incidents,incident:42, one SSE stream per page.

Streams carry signals only; a page then fetches its panels with its viewer's own permissions. One hub and
one Valkey subscription per process serve every stream. Losing Valkey costs promptness: streams stay open
with their heartbeats, and once it is back everybody is told to refresh.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, close_old_connections
from django.utils.module_loading import import_string
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.errors import Problem, Unauthenticated
from core.viewer import viewer_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT_S: Final = 5.0
GAP_S: Final = 0.25  # at most four frames a second and viewer
SEND_PATIENCE_S: Final = 10.0  # a viewer that takes longer to take a frame is dropped and comes back
RECHECK_S: Final = 15.0  # how long a stream may outlive its session or membership
MOST_TOPICS: Final = 20
CHANNELS: Final = "tocsin:live:*"
REFRESH: Final = "refresh"
BEAT: Final = b"event: beat\ndata: {}\n\n"
HELLO: Final = b"retry: 1000\n" + BEAT
HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
log = logging.getLogger("tocsin.live")


@lru_cache(maxsize=256)
def frame(topics: frozenset[str], version: int) -> bytes:
    """One signal as SSE bytes; the cache makes it encoded once, however many viewers take it."""
    data = json.dumps({"topics": sorted(topics), "version": version}, separators=(",", ":"))
    return f"event: signal\ndata: {data}\n\n".encode()


class Stream:
    """One viewer. What waits to be sent is a set of its own topics: bounded, however slow it reads."""

    __slots__ = ("checked_at", "cookie", "ended", "pending", "topics", "version", "wake", "workspace_id")

    def __init__(self, workspace_id: int, topics: frozenset[str], cookie: bytes) -> None:
        self.workspace_id, self.topics, self.cookie = workspace_id, topics, cookie
        self.pending: frozenset[str] = frozenset()
        self.version = 0
        self.ended = False
        self.wake = asyncio.Event()
        self.checked_at = asyncio.get_running_loop().time()

    def offer(self, topics: Iterable[str], version: int) -> None:
        """Note a change; changes since the last frame share the next one."""
        heard = frozenset(topics) if REFRESH in topics else self.topics.intersection(topics)
        if heard:
            self.pending |= heard
            self.version = max(self.version, version)
            self.wake.set()

    def take(self) -> bytes:
        """The next frame: what is pending, or a heartbeat."""
        if not self.pending:
            return BEAT
        bytes_, self.pending = frame(self.pending, self.version), frozenset()
        self.wake.clear()
        return bytes_

    def end(self) -> None:
        """Close the stream at its next turn, which is now."""
        self.ended = True
        self.wake.set()


class Hub:
    """Every stream of this process, one subscription, and one sweep that ends streams of ended sessions."""

    def __init__(self) -> None:
        self.streams: dict[int, set[Stream]] = defaultdict(set)
        self.tasks: list[asyncio.Task[None]] = []

    def join(self, stream: Stream) -> None:
        """Add a stream; the first one starts listening."""
        self.streams[stream.workspace_id].add(stream)
        if not self.tasks:
            self.tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._recheck())]

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        self.streams[stream.workspace_id].discard(stream)

    def everyone(self) -> list[Stream]:
        """All streams, as a copy."""
        return [stream for group in self.streams.values() for stream in group]

    def deliver(self, message: bytes) -> None:
        """Offer a message `{"workspace": id, "topics": [...], "version": n}` to those it concerns."""
        try:
            signal = json.loads(message)
            group, topics, version = (
                self.streams.get(signal["workspace"], ()),
                signal["topics"],
                signal["version"],
            )
        except (ValueError, KeyError, TypeError):
            log.warning("a live signal could not be read and was dropped")
            return
        for stream in group:
            stream.offer(topics, int(version))

    async def _listen(self) -> None:
        pause, lost = 0.1, False
        while True:
            client = redis.asyncio.Redis.from_url(
                settings.REDIS_URL,
                retry=Retry(NoBackoff(), 0),
                health_check_interval=5,
                socket_connect_timeout=2,
            )
            try:
                async with client, client.pubsub(ignore_subscribe_messages=True) as inbox:
                    await inbox.psubscribe(CHANNELS)
                    if lost:
                        self._refresh_everyone()
                    pause, lost = 0.1, True
                    await self._drain(inbox)
            except (RedisError, OSError, TimeoutError) as fault:
                log.warning("live signals are away, trying again in %.1f s: %s", pause, fault)
                lost = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _drain(self, inbox: Any) -> None:
        while True:
            message = await inbox.get_message(timeout=5.0)
            if message is not None and message["type"] == "pmessage":
                self.deliver(message["data"])

    def _refresh_everyone(self) -> None:
        for stream in self.everyone():
            stream.offer((REFRESH,), 0)

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
            home: int | None = await asyncio.shield(_workspace_of(cookie))
        except Problem:
            home = None
        except DatabaseError:
            return  # nothing is known, so nothing changes; the next sweep asks again
        for stream in streams:
            stream.checked_at = asyncio.get_running_loop().time()
            if stream.workspace_id != home:
                stream.end()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this process (of this event loop, to be exact)."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


@sync_to_async(thread_sensitive=False)
def _workspace_of(cookie: bytes) -> int:
    """The workspace a Cookie header's session works in. Raises Unauthenticated, Forbidden, DatabaseError."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/live",
        "headers": [(b"cookie", cookie)],
        "query_string": b"",
    }
    request = ASGIRequest(scope, io.BytesIO())
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    try:
        user = get_user(request)
        if not user.is_authenticated:
            raise Unauthenticated("Sign in to receive live updates.")
        request.user = user
        return int(viewer_of(request).workspace_id)
    finally:
        close_old_connections()


def _topics(scope: Scope) -> frozenset[str]:
    given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("topics", [""])[-1]
    return frozenset(word for word in given.split(",")[:MOST_TOPICS] if 0 < len(word) <= 60)


def _cookie(scope: Scope) -> bytes:
    return b"; ".join(value for name, value in scope["headers"] if name == b"cookie")


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of GET /live. 401 or 403 as problem+json where there is no right to listen."""
    cookie = _cookie(scope)
    try:
        workspace_id = await _workspace_of(cookie)
    except Problem as problem:
        await _refuse(send, problem.status, problem.as_json())
        return
    stream = Stream(workspace_id, _topics(scope), cookie)
    hub().join(stream)
    talk = asyncio.create_task(_talk(stream, send))
    try:
        await _hung_up(receive, talk)
    finally:
        hub().leave(stream)
        talk.cancel()
        with contextlib.suppress(asyncio.CancelledError, TimeoutError, OSError, RuntimeError):
            await talk


async def _refuse(send: Send, status: int, problem: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})


async def _hung_up(receive: Receive, talk: asyncio.Task[None]) -> None:
    """Wait until the viewer leaves or there is nothing left to say."""
    while not talk.done():
        listening = asyncio.ensure_future(receive())
        await asyncio.wait({listening, talk}, return_when=asyncio.FIRST_COMPLETED)
        if not listening.done():
            listening.cancel()
        elif listening.result()["type"] == "http.disconnect":
            return


async def _talk(stream: Stream, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await _say(send, HELLO)
    while not stream.ended:
        await asyncio.sleep(GAP_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S - GAP_S):
                await stream.wake.wait()
        if not stream.ended:
            await _say(send, stream.take())
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _say(send: Send, data: bytes) -> None:
    async with asyncio.timeout(SEND_PATIENCE_S):
        await send({"type": "http.response.body", "body": data, "more_body": True})
