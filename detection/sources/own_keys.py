"""Masks this installation's own source keys by value, under any name and in any text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from accounts.tokens.credentials import digest
from core.redaction import MASK, redact_value
from detection.models import SourceSecret

# The form of a key: 32 letters and digits; anything else needs no query.
_SHAPE: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32}(?![A-Za-z0-9])", re.ASCII)
MAX_CANDIDATES: Final = 1000


def masked(workspace_id: int, value: Any) -> Any:
    """Return JSON-like data or a text without credentials and without keys of the workspace's sources."""
    shown = redact_value(value)
    candidates: set[str] = set()
    _collect(shown, candidates)
    if not candidates:
        return shown
    known = {digest(text): text for text in sorted(candidates)[:MAX_CANDIDATES]}
    found = SourceSecret.objects.of(workspace_id).filter(digest__in=list(known))
    own = {known[found_digest] for found_digest in found.values_list("digest", flat=True)}
    return _without(shown, own) if own else shown


def _collect(value: Any, into: set[str]) -> None:
    if isinstance(value, str):
        into.update(_SHAPE.findall(value))
    elif isinstance(value, Mapping):
        for name, item in value.items():
            _collect(str(name), into)
            _collect(item, into)
    elif isinstance(value, list):
        for item in value:
            _collect(item, into)


def _without(value: Any, own: set[str]) -> Any:
    if isinstance(value, str):
        return _SHAPE.sub(lambda found: MASK if found[0] in own else found[0], value)
    if isinstance(value, Mapping):
        return {_without(str(name), own): _without(item, own) for name, item in value.items()}
    if isinstance(value, list):
        return [_without(item, own) for item in value]
    return value
