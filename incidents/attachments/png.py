"""PNG cleaner: header, blocks of the picture, end. Pure."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from incidents.attachments.picture import NotAPictureError, Picture

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES: Final = 13
_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
_ALLOWED_CHUNKS: Final = frozenset(
    {
        b"PLTE", b"IDAT", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL",
        b"fdAT",
    }
)  # fmt: skip


def clean(body: bytes) -> Picture:
    """Return the cleaned picture. Raises NotAPictureError, struct.error, IndexError."""
    blocks = _blocks(body)
    kind, data, whole = next(blocks)
    if kind != b"IHDR" or len(data) != HEADER_BYTES:
        raise NotAPictureError("a PNG picture must begin with its header")
    width, height = struct.unpack_from(">II", data)
    parts, frames = [SIGNATURE, whole], 0
    for kind, data, whole in blocks:
        if kind == b"IHDR":
            raise NotAPictureError("a PNG picture must have one header")
        if kind == b"fcTL":
            frames += _frame(data, width, height)
        if kind in _ALLOWED_CHUNKS:
            parts.append(whole)
    return Picture("image/png", b"".join([*parts, _END]), width, height, frames)


def _blocks(body: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield kind, data, and the whole block, up to the end marker."""
    at = len(SIGNATURE)
    while True:
        (length,) = struct.unpack_from(">I", body, at)
        kind, end = body[at + 4 : at + 8], at + 12 + length
        (given,) = struct.unpack_from(">I", body, end - 4)
        if zlib.crc32(body[at + 4 : end - 4]) != given:
            raise NotAPictureError("a block of the PNG picture is damaged")
        if kind == b"IEND":
            return
        yield kind, body[at + 8 : end - 4], body[at:end]
        at = end


def _frame(data: bytes, width: int, height: int) -> int:
    """Return the pixels of one frame, which is inside the picture."""
    wide, high, left, top = struct.unpack_from(">IIII", data, 4)
    if left + wide > width or top + high > height:
        raise NotAPictureError("a frame of the PNG picture is larger than the picture")
    return int(wide * high)
