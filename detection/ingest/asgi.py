"""ASGI endpoint of `POST /api/v1/events`, served without Django."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DatabaseError
from django.http.request import split_domain_port, validate_host

from core.errors import Malformed, Problem, Unencrypted
from core.http.client_ip import client_ip, is_encrypted
from core.http.request_body import read_body
from core.http.security_log import REFUSALS, note
from detection.ingest.coalescer import report_away, unavailable
from detection.ingest.event_receiver import EventReceiver
from detection.ingest.parsing import MAX_BODY, is_lines
from detection.ingest.responses import RawResponse, refused
from detection.webhooks.http.unpacking import unpacked

Scope = MutableMapping[str, Any]
Channel = Callable[..., Awaitable[Any]]

_receivers: WeakKeyDictionary[asyncio.AbstractEventLoop, EventReceiver] = WeakKeyDictionary()


class NotAllowed(Problem):
    """405: events must be sent with POST."""

    status = 405
    code = "method_not_allowed"
    title = "Method not allowed"


class UnsupportedMedia(Problem):
    """415: not JSON. It also prevents pages of other sites from posting without a preflight."""

    status = 415
    code = "unsupported_media_type"
    title = "Send JSON"


async def application(scope: Scope, receive: Channel, send: Channel) -> None:
    """Handle one POST: 202 with counts, 422 when every event was refused, else problem+json."""
    status, headers, body = await _respond(scope, receive)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def event_receiver() -> EventReceiver:
    """Return the event receiver of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _receivers.get(loop)
    if found is None:
        found = _receivers[loop] = EventReceiver()
    return found


async def _respond(scope: Scope, receive: Channel) -> RawResponse:
    headers = _headers(scope)
    try:
        _check(scope, headers)
        body = await read_body(headers, receive, limit=MAX_BODY)
        if "content-encoding" in headers:
            body = unpacked(body, headers, MAX_BODY)
        return await event_receiver().receive(headers, _remote(scope), body)
    except Problem as problem:
        return _refused(scope, headers, problem)
    except DatabaseError as error:
        report_away(error)
        return _refused(scope, headers, unavailable())


def _refused(scope: Scope, headers: dict[str, str], problem: Problem) -> RawResponse:
    if problem.status in REFUSALS:
        _note(scope, headers, problem)
    return refused(problem, scope.get("path", ""), headers.get("x-request-id", ""))


def _note(scope: Scope, headers: dict[str, str], problem: Problem) -> None:
    note(
        "request.refused",
        status=problem.status,
        code=problem.code,
        method=scope["method"],
        path=scope.get("path", ""),
        address=client_ip(_remote(scope), headers.get("x-forwarded-for", "")),
        request_id=headers.get("x-request-id", "")[:64],
    )


def _remote(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _check(scope: Scope, headers: dict[str, str]) -> None:
    forwarded = headers.get("x-forwarded-proto", "")
    if settings.SECURE_SSL_REDIRECT and not is_encrypted(scope["scheme"], _remote(scope), forwarded):
        raise Unencrypted
    host, _ = split_domain_port(headers.get("host", ""))
    if not validate_host(host, settings.ALLOWED_HOSTS):
        # Otherwise a hostile host name that resolves to this machine would make a browser a local caller.
        raise Malformed("Nothing was stored: the Host header is not one of ALLOWED_HOSTS.")
    if scope["method"] != "POST":
        raise NotAllowed("Use POST to send events.", headers={"Allow": "POST"})
    kind = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json") and not is_lines(headers):
        raise UnsupportedMedia("Nothing was stored: send the header Content-Type: application/json.")
