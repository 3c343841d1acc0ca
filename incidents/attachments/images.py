"""Recognizes pictures by content and removes everything but the picture. Pure.

Removed: metadata (places, cameras, names, thumbnails, comments), unknown blocks, and bytes after the end of
the picture, where polyglot files hide their second half. Pixels are not touched.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from incidents.attachments import gif, jpeg, png, webp
from incidents.attachments.picture import NotAPictureError, Picture, check_size


def cleaned(body: bytes) -> Picture:
    """Return the cleaned picture. Raises NotAPictureError."""
    for matches, clean in _FORMATS:
        if matches(body):
            try:
                picture = clean(body)
            except (struct.error, IndexError, StopIteration) as error:
                raise NotAPictureError("the picture is cut off or damaged") from error
            check_size(picture)
            return picture
    raise NotAPictureError("it is none of PNG, JPEG, GIF and WebP by its content")


_FORMATS: Final[tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Picture]], ...]] = (
    (lambda body: body.startswith(png.SIGNATURE), png.clean),
    (lambda body: body.startswith(b"\xff\xd8\xff"), jpeg.clean),
    (lambda body: body[:6] in (b"GIF87a", b"GIF89a"), gif.clean),
    (lambda body: body[:4] == b"RIFF" and body[8:12] == b"WEBP", webp.clean),
)
