"""URLs of calendar feeds."""

from __future__ import annotations

from django.conf import settings


def feed_url(secret: str) -> str:
    """Return the whole URL, including the secret."""
    return f"{settings.BASE_URL}/calendar/{secret}.ics"
