"""ASGI application: events, live updates, uploads of bundles, status pages; Django for everything else."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.conf import settings
from django.http import parse_cookie

from accounts.tokens.credentials import credential
from bundles.uploads import asgi as bundle_uploads
from config.runtime.boot import django_application
from config.runtime.event_loop_watchdog import watch
from config.runtime.web_heartbeat import stamp_along
from core.errors import Problem, TooLarge
from core.http.machine_addresses import without_slash
from core.http.request_body import drain, read_body
from core.live import stream as live_stream
from detection.ingest import asgi as ingest
from detection.ingest.responses import refused
from detection.webhooks.http.django_requests import CUT
from detection.webhooks.http.known_keys import WebhookTarget, addressed_to, has_unknown_key
from incidents.attachments.services import MAX_BYTES
from status.snapshots import asgi as status_pages

Scope = dict[str, Any]
Channel = Callable[..., Awaitable[Any]]

EVENTS: Final = ("POST", "/api/v1/events")
LIVE: Final = frozenset({("GET", "/live"), ("GET", "/api/v1/live")})
MAX_BODY: Final = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
# Thread switch interval in seconds: a page queries the database 20 times and waits for the GIL each time.
sys.setswitchinterval(0.001)
# Read beyond a format's own limit, so that the format itself refuses larger bodies.
ABOVE_LIMIT: Final = 100_000
# A picture for an incident; requires a session or a token.
ATTACHMENTS: Final = re.compile(r"/(?:api/v1/)?incidents/[^/]{1,60}/attachments")
MAX_ATTACHMENT_BODY: Final = MAX_BYTES + 65_536  # the picture and the multipart form around it


async def application(scope: Scope, receive: Channel, send: Channel) -> None:
    """The ASGI callable. Serves HTTP only; start it with an interface that sends no lifespan messages."""
    watch()
    stamp_along()
    path = without_slash(scope.get("path", ""))
    scope = scope if path == scope.get("path") else {**scope, "path": path}
    route = (scope.get("method", ""), scope.get("path", ""))
    if route in LIVE:
        await live_stream.application(scope, receive, send)
    elif route == EVENTS and not _is_page(scope):
        await ingest.application(scope, receive, send)
    elif path.startswith(bundle_uploads.PREFIX):
        await bundle_uploads.application(scope, receive, send)
    elif not await status_pages.served(scope, send):
        await _django(scope, receive, send)


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _is_page(scope: Scope) -> bool:
    """Return whether the request has a session and no token: then Django checks role and CSRF token."""
    cookies = [value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie"]
    signed_in = any(settings.SESSION_COOKIE_NAME in parse_cookie(cookie) for cookie in cookies)
    return signed_in and credential(_headers(scope)) is None


async def _django(scope: Scope, receive: Channel, send: Channel) -> None:
    """Pass a request to Django with a limited body: Django would spool any to disk before authentication."""
    headers = _headers(scope)
    webhook = addressed_to(scope.get("path", ""), headers)
    if webhook is not None and await has_unknown_key(webhook):
        # Refused in the format's own error body, without reading the body into memory.
        await drain(receive)
        await django_application(scope, _replayed(b"", receive), send)
        return
    try:
        body = await read_body(headers, receive, limit=_limit(scope, headers, webhook))
    except Problem as problem:
        if isinstance(problem, TooLarge) and webhook is not None:
            # The source records the refused request; the error is in the format's own body.
            await django_application({**scope, CUT: True}, _replayed(b"", receive), send)
            return
        status, response_headers, response = refused(problem, scope["path"], headers.get("x-request-id", ""))
        await send({"type": "http.response.start", "status": status, "headers": response_headers})
        await send({"type": "http.response.body", "body": response})
        return
    await django_application(scope, _replayed(body, receive), send)


def _limit(scope: Scope, headers: dict[str, str], webhook: WebhookTarget | None) -> int:
    """Return the largest body in bytes that is passed to Django."""
    if webhook is not None:
        return webhook.form.max_body + ABOVE_LIMIT
    is_known = credential(headers) is not None or settings.SESSION_COOKIE_NAME in headers.get("cookie", "")
    is_attachment = is_known and ATTACHMENTS.fullmatch(scope.get("path", ""))
    return MAX_ATTACHMENT_BODY if is_attachment else MAX_BODY


def _replayed(body: bytes, receive: Channel) -> Channel:
    """Return a `receive` that replays a body: first the whole body, then whether the client disconnected.

    More of a refused body may still arrive, which Django would take for an error: nothing is read after it.
    """
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        if waiting:
            return waiting.pop()
        message = await receive()
        if message["type"] == "http.request":
            await asyncio.Event().wait()
        return message

    return again
