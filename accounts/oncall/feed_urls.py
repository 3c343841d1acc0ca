"""The address under which calendar programs read a feed."""

from __future__ import annotations

from django.conf import settings


def feed_url(secret: str) -> str:
    """The whole address, secret included."""
    return f"{settings.BASE_URL}/calendar/{secret}.ics"
