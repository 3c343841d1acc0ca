"""SSE endpoint: GET /live?topics=incidents,incident:42, one stream per browser.

Streams carry signals only; a page then fetches its panels with its viewer's own permissions.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import io
import json
import signal
import threading
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from types import FrameType
from typing import Any, Final, cast
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.http import parse_cookie
from django.utils.module_loading import import_string

from core.current_actor import Viewer, viewer_of
from core.errors import Problem, RateLimited, Unauthenticated, Unavailable
from core.http.security_headers import RAW
from core.live.hub import BEAT, SEND_PATIENCE_S, Hub, Listener, Stream

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RETRY_AFTER_S: Final = 5
MAX_TOPICS: Final = 100  # per browser, whose tabs share one stream
API_CALLER: Final = b"\0api "  # no Cookie header begins so
HELLO: Final = b"retry: 1000\n" + BEAT
HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),
    *RAW,
]

TOO_MANY: Final = RateLimited(
    "Too many live connections for this session; polling every 10 seconds. Close some tabs."
)

_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Return the hub of this process (strictly, of this event loop)."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(_listener_of)
        _close_when_asked_to_stop(loop, _hubs[loop])
    return _hubs[loop]


def _close_when_asked_to_stop(loop: asyncio.AbstractEventLoop, one: Hub) -> None:
    """Close streams on SIGTERM: the server waits for open requests, and a stream has no end.

    The event loop runs the server's own handler as well.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread gets signals
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _first(lambda: loop.call_soon_threadsafe(one.close), signal.getsignal(number)))


def _first(work: Callable[[], object], then: Any) -> Callable[[int, FrameType | None], None]:
    def handler(number: int, where: FrameType | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            work()
        if callable(then):
            then(number, where)
        elif then == signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    return handler


@sync_to_async(thread_sensitive=False)
def _listener_of(cookie: bytes) -> Listener:
    """Return the listener of a session's Cookie header or of an API caller. Raises Problem, DatabaseError."""
    if cookie.startswith(API_CALLER):
        try:
            return _listening_caller(json.loads(cookie.removeprefix(API_CALLER)))
        finally:
            close_old_connections()
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
        return _listener(viewer_of(request))
    finally:
        close_old_connections()


def _listener(viewer: Viewer) -> Listener:
    return Listener(int(viewer.workspace_id), int(viewer.viewer))


def _listening_caller(caller: dict[str, Any]) -> Listener:
    find = import_string(settings.TOCSIN_API_VIEWER)
    return _listener(find(caller["headers"], caller["address"]))


def _topics(scope: Scope) -> frozenset[str]:
    given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("topics", [""])[-1]
    return frozenset(word for word in given.split(",")[:MAX_TOPICS] if 0 < len(word) <= 60)


def _cookie(scope: Scope) -> bytes:
    """Return the listener's credentials: the Cookie header, or for the API all headers and the address."""
    if scope.get("path", "").startswith("/api/"):
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        client = scope.get("client") or ("", 0)
        return API_CALLER + json.dumps({"headers": headers, "address": client[0]}, sort_keys=True).encode()
    return b"; ".join(value for name, value in scope["headers"] if name == b"cookie")


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of GET /live. 401, 403 or 429 (too many) as problem+json."""
    cookie = _cookie(scope)
    try:
        # In a task of its own, or what the thread leaves in its context stays as long as the stream: 20 KiB.
        listener = await asyncio.create_task(_listener_of(cookie))
    except Problem as problem:
        await _refuse(send, problem.status, problem.as_json())
        return
    except (DatabaseError, InterfaceError):  # down or read-only: an API token's use is counted there
        away = Unavailable("The database is not reachable; the page retries automatically.")
        await _refuse(send, away.status, away.as_json(), [(b"retry-after", b"%d" % RETRY_AFTER_S)])
        return
    stream = Stream(listener, _topics(scope), cookie, _owner(cookie), functools.partial(_send_body, send))
    if hub().owners[stream.owner] >= settings.LIVE_STREAMS_PER_SESSION:
        await _refuse(send, TOO_MANY.status, TOO_MANY.as_json(), [(b"retry-after", b"30")])
        return
    hub().join(stream)
    try:
        await _serve(stream, receive, send)
    finally:
        hub().leave(stream)
        if stream.writing is not None:
            stream.writing.cancel()


async def _serve(stream: Stream, receive: Receive, send: Send) -> None:
    """Open the stream and wait until its viewer disconnects or the hub ends it."""
    with contextlib.suppress(TimeoutError, OSError, RuntimeError):
        async with asyncio.timeout(SEND_PATIENCE_S):
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await _send_body(send, HELLO)
        if not stream.ended:
            await _wait_for_disconnect(stream, receive)
        if stream.ended and not stream.is_stuck:
            async with asyncio.timeout(SEND_PATIENCE_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})


def _owner(cookie: bytes) -> str:
    """Return the session a Cookie header belongs to: one browser, however many tabs."""
    if cookie.startswith(API_CALLER):
        headers = json.loads(cookie.removeprefix(API_CALLER))["headers"]
        return f"api:{headers.get('authorization', '')}{headers.get('x-api-key', '')}"
    return str(parse_cookie(cookie.decode("latin-1")).get(settings.SESSION_COOKIE_NAME, ""))


async def _refuse(
    send: Send, status: int, problem: dict[str, Any], more: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    headers = [(b"content-type", b"application/problem+json"), *RAW, *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(problem).encode()})


async def _wait_for_disconnect(stream: Stream, receive: Receive) -> None:
    task = cast("asyncio.Task[None]", asyncio.current_task())
    stream.start(task.cancel)
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except asyncio.CancelledError:
        if not stream.ended:
            raise
        task.uncancel()


async def _send_body(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})
