"""Looks at the key in a webhook's address before its body is read."""

from __future__ import annotations

import re
from typing import Final

from django.db import DatabaseError

from core.errors import Problem
from detection.ingest.threads import in_thread
from detection.sources.authentication import find_source

_ADDRESS: Final = re.compile(r"/api/v1/webhooks/([^/]+)/([^/]+)")


async def has_unknown_key(path: str) -> bool:
    """Whether the address names a source that takes nothing: no such key, another format, switched off.

    False where the address holds no key, and where the database cannot be asked.
    """
    named = _ADDRESS.fullmatch(path)
    if named is None:
        return False
    try:
        return await in_thread(_is_unknown, named[2], named[1])
    except TimeoutError:
        return False


def _is_unknown(key: str, kind: str) -> bool:
    try:
        find_source(key, kind)
    except Problem:
        return True
    except DatabaseError:
        return False
    return False
