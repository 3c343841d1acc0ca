"""JPEG cleaner: segments needed to show the picture, and its scans. Pure."""

from __future__ import annotations

import re
import struct
from typing import Final

from incidents.attachments.picture import NotAPictureError, Picture

_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALLOWED_MARKERS: Final = _SIZES | {0xC4, 0xCC, 0xDA, 0xDD, 0xDB}
_END: Final = 0xD9
_SCAN: Final = 0xDA
_JFIF_BYTES: Final = 16  # without the optional thumbnail
_ADOBE_BYTES: Final = 14
_ORIENTATION: Final = 0x0112
# Within the data of a scan: a marker that is neither a stuffed byte nor a restart marker nor fill bytes.
_MARK: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


def clean(body: bytes) -> Picture:
    """Return the cleaned picture. Raises NotAPictureError, struct.error, IndexError."""
    at, parts, size, turned = 2, [body[:2]], (0, 0), 1
    while (marker := _marker(body, at)) != _END:
        (length,) = struct.unpack_from(">H", body, at + 2)
        segment = body[at : at + 2 + length]
        if length < 2 or len(segment) != length + 2:
            raise NotAPictureError("the JPEG picture is cut off")
        if marker in _SIZES:
            size = _size(segment, size)
        elif marker == 0xE1:
            turned = _orientation(segment) or turned
        parts.append(_cleaned(marker, segment))
        at += 2 + length
        if marker == _SCAN:
            end = _scan_end(body, at)
            parts.append(body[at:end])
            at = end
    if turned != 1:
        parts.insert(1, _orientation_segment(turned))
    return Picture("image/jpeg", b"".join([*parts, b"\xff\xd9"]), *size)


def _marker(body: bytes, at: int) -> int:
    if body[at] != 0xFF or body[at + 1] in (0x00, 0xFF):
        raise NotAPictureError("the JPEG picture is damaged")
    return body[at + 1]


def _size(segment: bytes, before: tuple[int, int]) -> tuple[int, int]:
    if any(before):
        raise NotAPictureError("a JPEG picture must have one size")
    height, width = struct.unpack_from(">HH", segment, 5)
    return width, height


def _cleaned(marker: int, segment: bytes) -> bytes:
    """Return a needed segment, cleaned; empty for others."""
    if marker in _ALLOWED_MARKERS:
        return segment
    if marker == 0xE0 and segment[4:9] == b"JFIF\0" and len(segment) >= _JFIF_BYTES + 2:
        return b"\xff\xe0" + struct.pack(">H", _JFIF_BYTES) + segment[4:16] + b"\0\0"
    if marker == 0xEE and segment[4:9] == b"Adobe" and len(segment) >= _ADOBE_BYTES + 2:
        return b"\xff\xee" + struct.pack(">H", _ADOBE_BYTES) + segment[4:16]
    return b""


def _scan_end(body: bytes, at: int) -> int:
    """Return where the data of a scan ends: at the next marker that is no restart."""
    found = _MARK.search(body, at)
    if found is None:
        raise NotAPictureError("the JPEG picture is cut off")
    return found.start()


def _orientation(segment: bytes) -> int:
    """Return the EXIF orientation, 1 to 8; 0 if the segment has none."""
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
    """Return an EXIF segment with the orientation only."""
    tiff = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", _ORIENTATION, 3, 1, turned, 0) + b"\0\0\0\0"
    content = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content
