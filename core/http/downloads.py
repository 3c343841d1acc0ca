"""Streaming file downloads that hold one chunk in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import chain

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse


def download(
    request: HttpRequest, pieces: Iterator[bytes], *, content_type: str, filename: str
) -> StreamingHttpResponse:
    """Return a response that sends `pieces` as a file called `filename` (ASCII), each generated when needed.

    The first piece is generated at once, so that what it raises still becomes an error response. No database
    connection is held between pieces: a reader may be as slow as it likes.
    """
    whole = chain(_one(pieces), pieces)
    body = _aside(whole) if isinstance(request, ASGIRequest) else whole
    response = StreamingHttpResponse(body, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


async def _aside(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    # Django would collect a plain iterator before it sends the first byte.
    one_more = sync_to_async(_one)
    while got := await one_more(pieces):
        yield got[0]


def _one(pieces: Iterator[bytes]) -> list[bytes]:
    """Return the next piece, or nothing; the connection goes back to its pool."""
    try:
        return [piece for piece in (next(pieces, None),) if piece is not None]
    finally:
        if not connection.in_atomic_block:
            connection.close()
