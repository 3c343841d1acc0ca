"""Makes the bucket where it is missing, asking the storage once in each process."""

from __future__ import annotations

import functools

from django.conf import settings

from core.storage.client import bucket


def ensure_once() -> None:
    """Make the bucket of incidents' files where there is none. Raises StorageError, and asks again then."""
    _ensured(settings.S3_ENDPOINT_URL, settings.S3_BUCKET)


@functools.cache
def _ensured(endpoint: str | None, name: str) -> bool:
    bucket(name).ensure()
    return True
