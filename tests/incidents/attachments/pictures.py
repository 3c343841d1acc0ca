"""Small pictures of every kind, with and without metadata."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from typing import Final

SECRET: Final = b"GPS 52.5200 13.4050"


def block(kind: bytes, data: bytes) -> bytes:
    """A block of a PNG picture."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int = 2, height: int = 1, *extra: bytes) -> bytes:
    """A PNG picture; `extra` blocks come before its pixels."""
    head = block(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    rows = (b"\0" + b"\x7f\x20\x30" * width) * min(height, 100)
    pixels = block(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + pixels + block(b"IEND", b"")


def gif() -> bytes:
    """One pixel, with a comment."""
    plain = b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==")
    comment = b"\x21\xfe" + bytes([len(SECRET)]) + SECRET + b"\0"
    return plain[:19] + comment + plain[19:]


def gif_frame(width: int, height: int) -> bytes:
    """A frame of hardly any data."""
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\0"


def webp() -> bytes:
    """One pixel, with EXIF."""
    plain = b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
    chunk = b"EXIF" + struct.pack("<I", len(SECRET)) + SECRET + b"\0" * (len(SECRET) % 2)
    body = plain[8:] + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_moving(width: int, height: int) -> bytes:
    """A canvas of one pixel and a frame of this size, which carries EXIF."""
    inner = b"EXIF" + struct.pack("<I", len(SECRET)) + SECRET + b"\0" * (len(SECRET) % 2)
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = b"\0" * 6 + sides + b"\0" * 4 + webp()[12 : -len(inner)] + inner
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02" + b"\0" * 9
    body = b"WEBP" + canvas + b"ANMF" + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


def segment(marker: int, data: bytes) -> bytes:
    """A segment of a JPEG picture."""
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(orientation: int = 6) -> bytes:
    """Segments of a JPEG picture of 3 × 2 pixels, turned, with a place in its metadata."""
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + b"\0" * 4 + SECRET
    exif = b"Exif\0\0" + tiff
    frame = struct.pack(">BHHB", 8, 2, 3, 1) + b"\x01\x11\0"
    parts = [(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), (0xE1, exif), (0xFE, SECRET), (0xC0, frame)]
    made = b"".join(segment(*part) for part in parts)
    return b"\xff\xd8" + made + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + b"\x12\x34\xff\0\x56" + b"\xff\xd9"
