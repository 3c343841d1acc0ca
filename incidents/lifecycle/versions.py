"""Optimistic locking over HTTP: `ETag` and `If-Match` or `version`."""

from __future__ import annotations

import re
from typing import Final

from django.http import HttpRequest

from incidents.validation import invalid

_TAG: Final = re.compile(r'(?:W/)?"?([0-9]{1,10})"?', re.ASCII)


def etag(version: int) -> str:
    """Return the tag of a version: 3 -> `"3"`."""
    return f'"{version}"'


def version_from(request: HttpRequest, in_body: int | None) -> int | None:
    """Return the version the caller read: from the body, else from `If-Match`; None without either.

    Raises Invalid for an `If-Match` that is not one of our tags, or that differs from the body.
    """
    header = request.headers.get("If-Match", "").strip()
    if header in ("", "*"):
        return in_body
    match = _TAG.fullmatch(header)
    if match is None:
        raise invalid("If-Match", "etag", 'must be a version such as "3"')
    version = int(match[1])
    if in_body is not None and in_body != version:
        raise invalid("version", "etag", "must be the version in If-Match")
    return version
