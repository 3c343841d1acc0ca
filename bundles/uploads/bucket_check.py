"""Creates the bucket if it is missing, checked once per process."""

from __future__ import annotations

import functools

from django.conf import settings

from core.storage.client import bucket


def ensure_once() -> None:
    """Create the bucket of incident files if it is missing. Raises StorageError; the next call retries."""
    _ensured(settings.S3_ENDPOINT_URL, settings.S3_BUCKET)


@functools.cache
def _ensured(endpoint: str | None, name: str) -> bool:
    bucket(name).ensure()
    return True
