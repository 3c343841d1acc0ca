"""Values as senders write them, made ours: texts, times, severities, labels, links. Pure and forgiving.

A value that cannot be understood becomes nothing (or the default), never an error: what the sender said is
kept in the alert's `detail`, and one odd label must not lose an alert.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import FieldFault, Invalid
from detection.webhooks.parsed import Link
from incidents.validation import LABEL_KEY_LENGTH, LABELS, NAME_LENGTH, fit, fit_text
from incidents.vocabulary import IncidentType, Severity, parse_severity, parse_type

MAX_URL: Final = 2000
# Years outside are placeholders: Go's zero time is the year 1, and some senders write 9999 for "never".
_FIRST_YEAR, _LAST_YEAR = 1990, 2200
_MILLISECONDS: Final = 100_000_000_000
_WORDS: Final = {
    "page": Severity.SEV1, "emergency": Severity.SEV1, "disaster": Severity.SEV1, "alert": Severity.SEV1,
    "error": Severity.SEV2, "err": Severity.SEV2, "urgent": Severity.SEV2,
    "warning": Severity.SEV3, "warn": Severity.SEV3, "average": Severity.SEV3, "ticket": Severity.SEV3,
    "notice": Severity.SEV4, "informational": Severity.SEV4, "information": Severity.SEV4,
    "none": Severity.SEV4, "debug": Severity.SEV4, "p5": Severity.SEV4, "ok": Severity.SEV4,
}  # fmt: skip


def line(value: Any, limit: int = NAME_LENGTH) -> str:
    """A text, number or truth value as one line of at most `limit` characters; "" for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return fit(str(value), limit) if isinstance(value, str | int | float) else ""


def prose(value: Any) -> str:
    """A longer text with its line breaks, at most 20,000 characters; "" for anything else."""
    return fit_text(value).strip() if isinstance(value, str) else ""


def first_line(*values: Any, limit: int = NAME_LENGTH) -> str:
    """The first of `values` that makes a line; "" when none does."""
    return next((found for value in values if (found := line(value, limit))), "")


def moment(value: Any) -> datetime | None:
    """ISO 8601 text, or seconds or milliseconds since 1970, as an aware UTC time; None for anything else.

    Placeholders such as 0001-01-01 are None too. A text without a time zone is UTC.
    """
    try:
        found = _instant(value)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is not None and _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def _instant(value: Any) -> datetime | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().lstrip("-").replace(".", "", 1).isdecimal():
        value = float(value)
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000 if abs(value) >= _MILLISECONDS else value, UTC)
    if not isinstance(value, str):
        return None
    text = value.strip()
    # PagerDuty's own client writes both an offset and a Z.
    found = datetime.fromisoformat(text[:-1] if text.endswith("+00:00Z") else text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def severity_of(word: Any, own: Mapping[str, Severity] | None = None) -> Severity | None:
    """`critical`, `P1`, `warning`, `sev2` … as a Severity, by the format's `own` words first; else None."""
    text = line(word, 40).casefold()
    if found := (own or {}).get(text) or _WORDS.get(text):
        return found
    try:
        return parse_severity(text)
    except ValueError:
        return None


def type_of(word: Any) -> IncidentType | None:
    """An incident type or one of its aliases; else None."""
    try:
        return parse_type(line(word, 60))
    except ValueError:
        return None


def labels_of(value: Any) -> dict[str, str]:
    """Up to 50 labels of an object of scalars, made to fit; anything else is left out."""
    if not isinstance(value, Mapping):
        return {}
    fitted = {line(name, LABEL_KEY_LENGTH): line(text) for name, text in value.items()}
    kept = [(name, text) for name, text in fitted.items() if name and text]
    return dict(kept[:LABELS])


def link(url: Any, text: str = "") -> Link | None:
    """A Link for an absolute http or https address without credentials; else None."""
    if not isinstance(url, str) or len(url) > MAX_URL or any(c.isspace() or ord(c) < 32 for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    safe = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return Link(url, fit(text, NAME_LENGTH)) if safe else None


def links(*found: Link | None) -> tuple[Link, ...]:
    """The links there are, each address once, at most ten."""
    return tuple({item.url: item for item in found if item is not None}.values())[:10]


def require_object(value: Any, field: str = "") -> Mapping[str, Any]:
    """`value` if it is a JSON object. Raises Invalid naming `field`."""
    if isinstance(value, Mapping):
        return value
    where = field or "the body"
    raise Invalid(f"{where} must be a JSON object.", faults=[FieldFault(field, "type", "must be an object")])


def require_line(value: Any, field: str, limit: int = NAME_LENGTH) -> str:
    """`value` as a line that is not empty. Raises Invalid naming `field`."""
    if text := line(value, limit):
        return text
    raise Invalid(f"{field} must be a text.", faults=[FieldFault(field, "required", "must be a text")])
