"""Replaces secrets in text and in JSON-like data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tocsin.redaction.engine import redact
from tocsin.redaction.shape import MASK

__all__ = ["MASK", "is_secret", "redact", "redact_value"]

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|pwd$|secret|token|authorization|cookie|credential|dsn$"
    r"|(api|access|private|session|signing|encryption|routing|integration|service|hmac|webhook|shared|auth"
    r"|account|storage|master|license|deploy|ssh|client|app|application|consumer|subscription|ingest(ion)?"
    r"|source|sender|genie|geniekey|preshared|pre[_-]shared|jwt|aes|rsa|kms|sas)[_-]?keys?$"
    r"|(api|access|private|session|signing|encryption)[_-]?key|^geniekey$",
    re.IGNORECASE,
)


def redact_value(value: Any) -> Any:
    """The same for JSON-like data: values under secret names go, texts are searched, other scalars stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: MASK if is_secret(k) else redact_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(v) for v in value]
    return value


def is_secret(name: object) -> bool:
    """Whether what goes by this name is kept out of sight."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None
