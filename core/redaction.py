"""Replaces secrets in text and in JSON-like data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.redaction.engine import redact
from tocsin.redaction.names import is_secret
from tocsin.redaction.shape import MASK

__all__ = ["MASK", "is_secret", "redact", "redact_value"]


def redact_value(value: Any) -> Any:
    """The same for JSON-like data: values under secret names go, texts are searched, other scalars stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: MASK if is_secret(k) else redact_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(v) for v in value]
    return value
