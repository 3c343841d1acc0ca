"""Takes secrets out of text and of log records before anybody can read them."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

MASK: Final = "[redacted]"
_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|authorization|api[_-]?key|private[_-]?key|cookie|credential|session[_-]?key|dsn$",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = (
    (re.compile(r"\btcs_[A-Za-z0-9]{4,}_[A-Za-z0-9_-]{8,}"), MASK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@"), rf"\1:{MASK}@"),
    (
        re.compile(r"(?i)\b(password|passwd|secret|token|api[_-]?key)(\s*[=:]\s*)[^\s,;&\"']{4,}"),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"(?i)(/sign-in/(?:once/|link/)?)[A-Za-z0-9_-]{16,}"), rf"\1{MASK}"),
    (re.compile(r"(?i)(/webhooks/[a-z0-9_-]+/)[A-Za-z0-9_-]{16,}"), rf"\1{MASK}"),
)


def redact(text: str) -> str:
    """The text with everything that looks like a credential replaced by `MASK`."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def redact_value(value: Any) -> Any:
    """The same for JSON-like data: values under secret names go, texts are searched, other scalars stay."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {k: MASK if is_secret(k) else redact_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact_value(v) for v in value]
    return value


def redact_record(_logger: Any, _method: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """As a structlog processor, over a whole log record."""
    for key, value in list(record.items()):
        record[key] = MASK if is_secret(key) else redact_value(value)
    return record


def is_secret(name: object) -> bool:
    """Whether what goes by this name is kept out of sight."""
    return isinstance(name, str) and _SECRET_NAME.search(name) is not None
