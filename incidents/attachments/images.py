"""Recognises a picture by its content and removes everything that is not the picture. Pure.

Removed: metadata (places, cameras, names, thumbnails, comments), unknown blocks, and bytes after the end
of the picture, which is where a file that is two things at once has its second half. Pixels are not touched.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MAX_PIXELS: Final = 50_000_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_BLOCKS: Final = frozenset(
    {
        b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs",
        b"acTL", b"fcTL", b"fdAT",
    }
)  # fmt: skip
_WEBP_BLOCKS: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_METADATA: Final = 0x2C  # flags of VP8X: colour profile, EXIF, XMP
_JPEG_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_KEPT: Final = _JPEG_SIZES | {0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE}
_ORIENTATION: Final = 0x0112


class NotAPictureError(ValueError):
    """The bytes are no whole PNG, JPEG, GIF or WebP picture; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned picture."""

    content_type: str
    body: bytes
    width: int
    height: int


def cleaned(body: bytes) -> Picture:
    """The picture in these bytes and nothing else. Raises NotAPictureError."""
    for matches, clean in _FORMATS:
        if matches(body):
            try:
                picture = clean(body)
            except (struct.error, IndexError) as error:
                raise NotAPictureError("the picture is cut off or damaged") from error
            if not 0 < picture.width * picture.height <= MAX_PIXELS:
                raise NotAPictureError(f"the picture must have 1 to {MAX_PIXELS:,} pixels")
            return picture
    raise NotAPictureError("it is none of PNG, JPEG, GIF and WebP by its content")


def _png(body: bytes) -> Picture:
    at, kept = len(_PNG), [_PNG]
    while True:
        (length,) = struct.unpack_from(">I", body, at)
        kind, end = body[at + 4 : at + 8], at + 12 + length
        (given,) = struct.unpack_from(">I", body, end - 4)
        if zlib.crc32(body[at + 4 : end - 4]) != given:
            raise NotAPictureError("a block of the PNG picture is damaged")
        if kind in _PNG_BLOCKS:
            kept.append(body[at:end])
        if kind == b"IEND":
            break
        at = end
    width, height = struct.unpack_from(">II", body, len(_PNG) + 8)
    return Picture("image/png", b"".join(kept), width, height)


def _jpeg(body: bytes) -> Picture:
    at, kept, width, height, turned = 2, [body[:2]], 0, 0, 1
    while (marker := _marker(body, at)) != 0xDA:
        (length,) = struct.unpack_from(">H", body, at + 2)
        segment = body[at : at + 2 + length]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", segment, 5)
        if marker in _JPEG_KEPT:
            kept.append(segment)
        elif marker == 0xE1:
            turned = _orientation(segment) or turned
        at += 2 + length
    if turned != 1:
        kept.insert(1, _orientation_segment(turned))
    kept.append(body[at : _jpeg_end(body, at)])
    return Picture("image/jpeg", b"".join(kept), width, height)


def _marker(body: bytes, at: int) -> int:
    if body[at] != 0xFF or body[at + 1] in (0x00, 0xFF, 0xD9):
        raise NotAPictureError("the JPEG picture is damaged")
    return body[at + 1]


def _jpeg_end(body: bytes, at: int) -> int:
    """Behind the first end mark; within the picture's data 0xFF 0xD9 cannot stand for anything else."""
    end = body.find(b"\xff\xd9", at)
    if end < 0:
        raise NotAPictureError("the JPEG picture is cut off")
    return end + 2


def _orientation(segment: bytes) -> int:
    """How the camera was held, 1 to 8; 0 where the segment does not say."""
    if segment[4:10] != b"Exif\0\0":
        return 0
    tiff = segment[10:]
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(count, 100)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if tag == _ORIENTATION:
                return value if 1 <= value <= 8 else 0
    except struct.error:
        return 0
    return 0


def _orientation_segment(turned: int) -> bytes:
    """Metadata that says how to turn the picture, and nothing else."""
    tiff = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", _ORIENTATION, 3, 1, turned, 0) + b"\0\0\0\0"
    content = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content


def _gif(body: bytes) -> Picture:
    width, height, flags = struct.unpack_from("<HHB", body, 6)
    at = 13 + _colours(flags)
    kept = [body[:at]]
    while (kind := body[at]) != 0x3B:
        if kind == 0x2C:
            data = at + 10 + _colours(body[at + 9]) + 1
        elif kind == 0x21:
            data = at + 2
        else:
            raise NotAPictureError("the GIF picture is damaged")
        end = _gif_blocks_end(body, data)
        if kind == 0x2C or body[at + 1] == 0xF9 or body[at + 2 : at + 14] == b"\x0bNETSCAPE2.0":
            kept.append(body[at:end])
        at = end
    return Picture("image/gif", b"".join([*kept, b"\x3b"]), width, height)


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks_end(body: bytes, at: int) -> int:
    while body[at]:
        at += body[at] + 1
    return at + 1


def _webp(body: bytes) -> Picture:
    (total,) = struct.unpack_from("<I", body, 4)
    if total + 8 > len(body):
        raise NotAPictureError("the WebP picture is cut off")
    at, kept, size = 12, [], (0, 0)
    while at + 8 <= total + 8:
        kind, (length,) = body[at : at + 4], struct.unpack_from("<I", body, at + 4)
        data, end = body[at + 8 : at + 8 + length], at + 8 + length + length % 2
        if len(data) != length:
            raise NotAPictureError("the WebP picture is cut off")
        if kind in _WEBP_BLOCKS:
            if kind == b"VP8X":
                data = bytes([data[0] & ~_WEBP_METADATA]) + data[1:]
            size = size if any(size) else _webp_size(kind, data)
            kept.append(kind + struct.pack("<I", length) + data + b"\0" * (length % 2))
        at = end
    content = b"WEBP" + b"".join(kept)
    return Picture("image/webp", b"RIFF" + struct.pack("<I", len(content)) + content, *size)


def _webp_size(kind: bytes, data: bytes) -> tuple[int, int]:
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 1)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 6)
        return width & 0x3FFF, height & 0x3FFF
    return 0, 0


_FORMATS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Picture]], ...]] = (
    (lambda body: body.startswith(_PNG), _png),
    (lambda body: body.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda body: body[:6] in (b"GIF87a", b"GIF89a"), _gif),
    (lambda body: body[:4] == b"RIFF" and body[8:12] == b"WEBP", _webp),
)
