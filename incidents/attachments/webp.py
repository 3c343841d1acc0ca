"""WebP cleaner: the blocks of the picture and of its frames. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from incidents.attachments.picture import NotAPictureError, Picture

_ALLOWED_CHUNKS: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_IN_FRAME: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_PIXELS: Final = frozenset({b"VP8 ", b"VP8L"})
_METADATA: Final = 0x2C  # flags of VP8X: colour profile, EXIF, XMP
_FRAME_HEAD_BYTES: Final = 16


def clean(body: bytes) -> Picture:
    """Return the cleaned picture. Raises NotAPictureError, struct.error, IndexError."""
    (total,) = struct.unpack_from("<I", body, 4)
    if total + 8 > len(body):
        raise NotAPictureError("the WebP picture is cut off")
    parts, size, frames = [], (0, 0), 0
    for kind, data in _blocks(body[12 : total + 8]):
        if kind == b"VP8X":
            data = bytes([data[0] & ~_METADATA]) + data[1:]
            size = size if any(size) else _canvas(data)
        elif kind in _PIXELS:
            size = _fitting(size, _size(kind, data))
        elif kind == b"ANMF":
            data, pixels = _frame(data, size)
            frames += pixels
        if kind in _ALLOWED_CHUNKS:
            parts.append(_block(kind, data))
    content = b"WEBP" + b"".join(parts)
    return Picture("image/webp", b"RIFF" + struct.pack("<I", len(content)) + content, *size, frames)


def _blocks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        kind, (length,) = content[at : at + 4], struct.unpack_from("<I", content, at + 4)
        data = content[at + 8 : at + 8 + length]
        if len(data) != length:
            raise NotAPictureError("the WebP picture is cut off")
        yield kind, data
        at += 8 + length + length % 2


def _block(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _frame(data: bytes, canvas: tuple[int, int]) -> tuple[bytes, int]:
    """Return a frame without other data, and its pixels; it is inside the picture."""
    head = data[:_FRAME_HEAD_BYTES]
    left, top, wide, high = (_three(head, at) for at in (0, 3, 6, 9))
    if len(head) < _FRAME_HEAD_BYTES or 2 * left + wide + 1 > canvas[0] or 2 * top + high + 1 > canvas[1]:
        raise NotAPictureError("a frame of the WebP picture is larger than the picture")
    parts = []
    for kind, inner in _blocks(data[_FRAME_HEAD_BYTES:]):
        if kind in _PIXELS:
            _fitting((wide + 1, high + 1), _size(kind, inner))
        if kind in _IN_FRAME:
            parts.append(_block(kind, inner))
    return head + b"".join(parts), (wide + 1) * (high + 1)


def _fitting(declared: tuple[int, int], found: tuple[int, int]) -> tuple[int, int]:
    """Return the size of the pixels, which must equal a size declared before."""
    if any(declared) and declared != found:
        raise NotAPictureError("the WebP picture says two sizes")
    return found


def _canvas(data: bytes) -> tuple[int, int]:
    return _three(data, 4) + 1, _three(data, 7) + 1


def _three(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _size(kind: bytes, data: bytes) -> tuple[int, int]:
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 6)
    return width & 0x3FFF, height & 0x3FFF
