"""Validates text, labels and links from people and machines. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from core.errors import FieldFault, Invalid

TITLE_LENGTH: Final = 200
TEXT_LENGTH: Final = 20_000
NAME_LENGTH: Final = 200
URL_LENGTH: Final = 500
LABELS: Final = 50
MAX_COUNT: Final = 10_000_000_000
LABEL_KEY_LENGTH: Final = 60
MAX_AGO: Final = timedelta(days=3653)
MAX_DETECTED_AGO: Final = timedelta(days=7)
MAX_METADATA: Final = 16_384  # bytes of JSON
MAX_SIGNALS: Final = 50
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
# Bidirectional overrides make a line look different from its content.
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SPACING: Final = frozenset("\n\r\t")


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs") or char in _OVERRIDES


def invalid(field: str, rule: str, message: str) -> Invalid:
    """Return an Invalid naming one field."""
    return Invalid(f"{field} {message}. Nothing was changed.", faults=[FieldFault(field, rule, message)])


def _checked(field: str, text: str, limit: int, spared: frozenset[str]) -> str:
    if not isinstance(text, str):
        raise invalid(field, "type", "must be text")
    text = text.strip()
    if len(text) > limit:
        raise invalid(field, "max_length", f"must have at most {limit} characters, not {len(text)}")
    if any(_is_control(char) and char not in spared for char in text):
        raise invalid(field, "characters", "must not contain control characters")
    return text


def clean_line(field: str, text: str, limit: int = NAME_LENGTH) -> str:
    """Return one trimmed line of 1 to `limit` characters. Raises Invalid naming `field`."""
    line = _checked(field, text, limit, frozenset())
    if not line:
        raise invalid(field, "required", "must not be empty")
    return line


def clean_title(text: str) -> str:
    """Return a title: one trimmed line of 1 to 200 characters. Raises Invalid naming `title`."""
    return clean_line("title", text, TITLE_LENGTH)


def clean_text(field: str, text: str, *, required: bool = False) -> str:
    """Return trimmed text of up to 20,000 characters, line breaks and tabs allowed.

    Raises Invalid naming it.
    """
    # Browsers send CRLF: the same text sent through the API must stay the same text.
    lines = text.replace("\r\n", "\n") if isinstance(text, str) else text
    cleaned = _checked(field, lines, TEXT_LENGTH, _SPACING)
    if required and not cleaned:
        raise invalid(field, "required", "must not be empty")
    return cleaned


def clean_past(field: str, moment: datetime | None, now: datetime) -> datetime:
    """Return a time in UTC within the last ten years, `now` for None. Raises Invalid naming `field`."""
    if moment is None:
        return now
    if moment.tzinfo is None:
        raise invalid(field, "timezone", "must have a time zone")
    try:
        past = moment.astimezone(UTC)
    except OverflowError as error:
        raise invalid(field, "range", "must be within the years 1 to 9999") from error
    if past > now:
        raise invalid(field, "past", "must not be in the future")
    if past < now - MAX_AGO:
        raise invalid(field, "range", "must not be more than ten years ago")
    return past


def clean_detected_at(moment: datetime | None, now: datetime) -> datetime:
    """Return a time in UTC within the last seven days, `now` for None.

    Raises Invalid naming `detected_at`.
    """
    past = clean_past("detected_at", moment, now)
    if past < now - MAX_DETECTED_AGO:
        raise invalid("detected_at", "range", "must not be more than seven days ago")
    return past


def clean_fingerprints(values: Sequence[str]) -> list[str]:
    """Return up to 50 distinct fingerprints in lower case, 64 hex digits each.

    Raises Invalid naming `signals`.
    """
    if isinstance(values, str) or len(values) > MAX_SIGNALS:
        raise invalid("signals", "max_items", f"must be a list of at most {MAX_SIGNALS} fingerprints")
    cleaned = [str(value).strip().lower() for value in values]
    for index, value in enumerate(cleaned):
        if _FINGERPRINT.fullmatch(value) is None:
            raise invalid(f"signals[{index}]", "format", "must be a fingerprint of 64 hexadecimal digits")
    return list(dict.fromkeys(cleaned))


def clean_metadata(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON object of up to 16,384 bytes without NUL characters. Raises Invalid naming `metadata`."""
    if not isinstance(value, Mapping):
        raise invalid("metadata", "type", "must be a JSON object")
    try:
        text = orjson.dumps(value)
    except (TypeError, ValueError) as error:  # orjson's own error is a TypeError
        raise invalid(
            "metadata", "json", "must be JSON nested at most 250 deep, integers of at most 64 bits"
        ) from error
    if len(text) > MAX_METADATA:
        raise invalid(
            "metadata", "max_length", f"must be at most {MAX_METADATA} bytes of JSON, not {len(text)}"
        )
    cleaned: dict[str, Any] = orjson.loads(text)  # as it is stored: NaN has become null
    if b"\\u0000" in text and _holds_nul(cleaned):
        raise invalid("metadata", "characters", "must not contain NUL characters")
    return cleaned


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(key) or _holds_nul(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_holds_nul, value))
    return isinstance(value, str) and "\0" in value


def clean_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return up to 50 labels, keys of 1 to 60 and values of up to 200 characters.

    Raises Invalid naming `labels`.
    """
    if not isinstance(labels, Mapping):
        raise invalid("labels", "type", "must be an object of names and texts")
    if len(labels) > LABELS:
        raise invalid("labels", "max_items", f"must be at most {LABELS}")
    return {
        clean_line("labels", key, LABEL_KEY_LENGTH): _checked(
            f"labels.{key}"[:80], value, NAME_LENGTH, frozenset()
        )
        for key, value in labels.items()
    }


def clean_count(field: str, value: int | str | None) -> int | None:
    """Return a whole number from 0 to MAX_COUNT; None for None and "". Raises Invalid naming `field`."""
    if value is None or value == "":
        return None
    message = f"must be a whole number from 0 to {MAX_COUNT:,}, or empty"
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise invalid(field, "type", message)
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()) or len(text) > 12 or int(text) > MAX_COUNT:
        raise invalid(field, "range", message)
    return int(text)


def clean_url(field: str, text: str) -> str:
    """Return a web URL (http, https) with a host and no password, or "". Raises Invalid naming `field`."""
    if text == "":
        return ""
    url = clean_line(field, text, URL_LENGTH)
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine or any(char.isspace() for char in url):
        raise invalid(field, "url", "must be a web address such as https://wiki.example.com/runbook")
    if "@" in parts.netloc:
        raise invalid(field, "url", "must not contain a user name or a password")
    return url


def fit(text: str, limit: int) -> str:
    """Return a machine's text as a line of at most `limit` characters, without unprintable ones."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(" " if _is_control(char) else char for char in text)
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def fit_text(text: str) -> str:
    """Return a machine's longer text without invalid characters, cut at 20,000."""
    cleaned = "".join(char for char in text if char in _SPACING or not _is_control(char))
    return cleaned[:TEXT_LENGTH]
