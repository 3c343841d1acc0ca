"""Reads a raw ASGI request body with limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from core.errors import Malformed, Problem, TooLarge

MAX_DRAINED: Final = 8_000_000
BODY_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 5.0
Receive = Callable[[], Awaitable[Any]]


class BodyTimeout(Problem):
    """408: the body did not arrive in time."""

    status = 408
    code = "request_timeout"
    title = "The request body took too long"


async def read_body(
    headers: Mapping[str, str], receive: Receive, *, limit: int, seconds: float = BODY_SECONDS
) -> bytes:
    """Return the whole body. `headers` have lower-case names, `limit` is in bytes.

    Raises TooLarge, BodyTimeout, and Malformed for an incomplete body: the server reports "disconnect" both
    for a client that hung up and for one with wrong chunk framing that still waits for the response.
    """
    stated = headers.get("content-length", "0")
    if not (stated.isascii() and stated.isdecimal()):
        raise Malformed("Content-Length must be a number. Nothing was stored.")
    try:
        async with asyncio.timeout(seconds):
            return await _whole(receive, limit, int(stated))
    except TimeoutError:
        raise BodyTimeout(f"The body did not arrive within {seconds:g} s. Nothing was stored.") from None


async def _whole(receive: Receive, limit: int, stated: int) -> bytes:
    if stated > limit:
        await drain(receive)
        raise _too_large(limit)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        part, more = await _part(receive)
        size += len(part)
        if size > limit:
            await drain(receive, size if more else MAX_DRAINED)
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Malformed("The body broke off or its chunks are malformed. Nothing was stored.")
    return message.get("body", b""), bool(message.get("more_body"))


async def drain(receive: Receive, size: int = 0) -> None:
    """Read and discard more of a refused body, of which `size` bytes were read.

    Many clients read no response before they have sent everything.
    """
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while size < MAX_DRAINED:
                part, more = await _part(receive)
                size = size + len(part) if more else MAX_DRAINED
    except (TimeoutError, Malformed):
        return


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"Nothing was stored: a body may be at most {limit} bytes.")
