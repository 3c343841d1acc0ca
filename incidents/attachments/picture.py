"""A cleaned picture, and its limits. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_PIXELS: Final = 50_000_000
MAX_PIXELS_IN_FRAMES: Final = 1_000_000_000  # sum of all frames of an animation


class NotAPictureError(ValueError):
    """The bytes are no complete PNG, JPEG, GIF or WebP picture; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A cleaned picture; `frames`: the total pixels of all its frames."""

    content_type: str
    body: bytes
    width: int
    height: int
    frames: int = 0


def check_size(picture: Picture) -> None:
    """Raise NotAPictureError for a picture that would need too much memory or time in a browser."""
    if not 0 < picture.width * picture.height <= MAX_PIXELS:
        raise NotAPictureError(f"the picture must have 1 to {MAX_PIXELS:,} pixels")
    if picture.frames > MAX_PIXELS_IN_FRAMES:
        raise NotAPictureError(f"its frames must have at most {MAX_PIXELS_IN_FRAMES:,} pixels together")
