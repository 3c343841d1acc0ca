"""A cleaned picture, and its limits. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_PIXELS: Final = 50_000_000
MAX_PIXELS_IN_FRAMES: Final = 1_000_000_000  # of all frames of a moving picture together


class NotAPictureError(ValueError):
    """The bytes are no whole PNG, JPEG, GIF or WebP picture; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned picture; `frames`: the pixels of all its frames together."""

    content_type: str
    body: bytes
    width: int
    height: int
    frames: int = 0


def check_size(picture: Picture) -> None:
    """Raise NotAPictureError for a picture that a browser would need too much memory or time to show."""
    if not 0 < picture.width * picture.height <= MAX_PIXELS:
        raise NotAPictureError(f"the picture must have 1 to {MAX_PIXELS:,} pixels")
    if picture.frames > MAX_PIXELS_IN_FRAMES:
        raise NotAPictureError(f"its frames must have at most {MAX_PIXELS_IN_FRAMES:,} pixels together")
