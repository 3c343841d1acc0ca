"""Decompresses a request body with a size limit. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Final

from core.errors import Malformed, Problem, TooLarge

# zlib's window parameter: gzip with its header, zlib with its own or none at all.
_WINDOWS: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}


class UnsupportedEncoding(Problem):
    """415: an unsupported Content-Encoding."""

    status = 415
    code = "unsupported_encoding"
    title = "Send it plain or gzipped"


def unpacked(raw: bytes, headers: Mapping[str, str], limit: int) -> bytes:
    """Return the decompressed body of at most `limit` bytes.

    Raises UnsupportedEncoding, Malformed for a broken stream, TooLarge as soon as the limit is passed: no
    more than that is ever decompressed.
    """
    encodings = [name.strip().lower() for name in headers.get("content-encoding", "").split(",")]
    wanted = [name for name in encodings if name not in {"", "identity"}]
    if not wanted:
        return raw
    if len(wanted) > 1 or wanted[0] not in _WINDOWS:
        raise UnsupportedEncoding("Nothing was stored: Content-Encoding may be gzip or deflate.")
    return _inflated(raw, _WINDOWS[wanted[0]], limit)


def _inflated(raw: bytes, windows: tuple[int, ...], limit: int) -> bytes:
    for window in windows:
        stream = zlib.decompressobj(window)
        try:
            body = stream.decompress(raw, limit + 1)
        except zlib.error:
            continue
        if len(body) > limit:
            raise too_large(limit)
        if stream.eof:
            return body
    raise Malformed("The body does not match its Content-Encoding, or it is incomplete.")


def too_large(limit: int) -> TooLarge:
    """Return the error for a larger body."""
    return TooLarge(f"Nothing was stored: a body may be at most {limit} bytes, decompressed too.")
