"""GIF cleaner: the screen, its frames, and how they repeat. Pure."""

from __future__ import annotations

import struct

from incidents.attachments.picture import NotAPictureError, Picture


def clean(body: bytes) -> Picture:
    """Return the cleaned picture; browsers widen the screen for a frame that is larger.

    Raises NotAPictureError, struct.error, IndexError.
    """
    width, height, flags = struct.unpack_from("<HHB", body, 6)
    if not width * height:
        raise NotAPictureError("the GIF picture has no screen")
    at, frames = 13 + _colours(flags), 0
    parts = [body[:at]]
    while (kind := body[at]) != 0x3B:
        if kind == 0x2C:
            left, top, wide, high = struct.unpack_from("<HHHH", body, at + 1)
            width, height, frames = max(width, left + wide), max(height, top + high), frames + wide * high
            data = at + 10 + _colours(body[at + 9]) + 1
        elif kind == 0x21:
            data = at + 2
        else:
            raise NotAPictureError("the GIF picture is damaged")
        end = _blocks_end(body, data)
        if kind == 0x2C or body[at + 1] == 0xF9:
            parts.append(body[at:end])
        elif body[at + 2 : at + 14] == b"\x0bNETSCAPE2.0" and body[at + 14] == 3:
            parts.append(body[at : at + 18] + b"\0")
        at = end
    return Picture("image/gif", b"".join([*parts, b"\x3b"]), width, height, frames)


def _colours(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks_end(body: bytes, at: int) -> int:
    while body[at]:
        at += body[at] + 1
    return at + 1
