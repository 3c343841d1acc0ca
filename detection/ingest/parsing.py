"""Parses posted events into rows, with a result for each element. Pure.

Accepted: one object, `{"events": [...]}` or a bare array. Names: `service` or `source`, `level` or
`severity`, `timestamp` or `occurred_at`, `event_type` or `type`, `message`, `metadata`, `correlation_id`,
`event_id`. Other fields are stored under `metadata`, unless metadata already has that key.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from core.errors import FieldFault, Invalid, Malformed
from detection.levels import LEVEL_LABELS, LEVEL_NAMES

MAX_BODY: Final = 1_000_000
MAX_EVENTS: Final = 1000
MAX_NAME: Final = 200
MAX_MESSAGE: Final = 8192
MAX_METADATA: Final = 16_384
MAX_DEPTH: Final = 16
MAX_DIGITS: Final = 30
FUTURE: Final = timedelta(minutes=5)
LATE: Final = timedelta(hours=1)
TIME_RULE: Final = "must be an ISO 8601 date-time, or seconds or milliseconds since 1970"
MILLISECONDS: Final = 100_000_000_000
NDJSON: Final = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/json-lines",
     "application/x-jsonlines"}
)  # fmt: skip
DEFAULT_TYPE: Final = "event"
DEFAULT_LEVEL: Final = LEVEL_NAMES["info"]

_decode: Final[Callable[[bytes], Any]] = msgspec.json.Decoder().decode
_iso: Final[Callable[[str], datetime]] = datetime.fromisoformat
_BAD: Final = object()
# Eight digits are a date.
_EPOCH: Final = re.compile(r"\s*-?\d{9,20}(\.\d{1,12})?\s*")
_KNOWN: Final = frozenset(
    ["service", "source", "level", "severity", "timestamp", "occurred_at", "event_type", "type", "message",
     "metadata", "correlation_id", "event_id"]
)  # fmt: skip


class ParsedEvent(NamedTuple):
    """A valid event. `key` is 32 hex digits; `keyed` says the sender chose the event_id."""

    key: str
    keyed: bool
    event_id: str
    occurred_at: datetime
    late: bool
    source: str
    event_type: str
    level: int
    message: str
    correlation_id: str
    metadata: dict[str, Any]


class Fault(NamedTuple):
    """Why one element was refused: `position` counts from 0, `field` is the sender's own name."""

    position: int
    field: str
    rule: str
    message: str


class Batch(NamedTuple):
    """Result for a whole body: what to store, what was refused, and whether it was a single object."""

    events: list[ParsedEvent]
    faults: list[Fault]
    single: bool


class RefusedError(Exception):
    """An element that is no valid event: (field, rule, message)."""


def parse_body(body: bytes, now: datetime, retention: timedelta, *, is_lines: bool = False) -> Batch:
    """Parse a body and validate each element; `is_lines`: it is NDJSON, one event per line.

    `now` is aware; events older than `retention` are refused. Raises Malformed when it is not JSON, Invalid
    when it is JSON but neither an event nor a batch of 1 to 1000.
    """
    elements, single = (_lines(body), False) if is_lines else _elements(body)
    return parse_elements(elements, now, retention, single=single)


def is_lines(headers: Mapping[str, str]) -> bool:
    """Return whether the request's headers (with lower-case names) declare an NDJSON body."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() in NDJSON


def parse_elements(
    elements: Sequence[Any], now: datetime, retention: timedelta, *, single: bool = False
) -> Batch:
    """Validate each of some decoded elements, as `parse_body` does."""
    events: list[ParsedEvent] = []
    faults: list[Fault] = []
    oldest, latest, late = now - retention, now + FUTURE, now - LATE
    for position, element in enumerate(elements):
        try:
            events.append(_event(element, now, oldest, latest, late))
        except RefusedError as refusal:
            faults.append(Fault(position, *refusal.args))
    return Batch(events, faults, single)


def _elements(body: bytes) -> tuple[list[Any], bool]:
    document = _document(body)
    if type(document) is dict and "events" in document:
        document = document["events"]
        if type(document) is not list:
            raise _not_a_batch("type", "events must be an array of events")
    elif type(document) is dict or document is _BAD:
        return [document], True
    if type(document) is not list:
        raise _not_a_batch("type", 'the body must be an event, {"events": [...]} or an array of events')
    if not 1 <= len(document) <= MAX_EVENTS:
        raise _not_a_batch("length", f"a batch holds 1 to {MAX_EVENTS} events, not {len(document)}")
    return document, False


def _lines(body: bytes) -> list[Any]:
    """Return the events of an NDJSON body; a line that is not JSON is an invalid element."""
    lines = [line for line in body.removeprefix(codecs.BOM_UTF8).split(b"\n") if line.strip()]
    if not 1 <= len(lines) <= MAX_EVENTS:
        raise _not_a_batch("length", f"a batch holds 1 to {MAX_EVENTS} events, not {len(lines)}")
    return [_line(line) for line in lines]


def _line(line: bytes) -> Any:
    try:
        return _document(line)
    except Malformed:
        return _BAD


def _not_a_batch(rule: str, message: str) -> Invalid:
    return Invalid(f"Nothing was stored: {message}.", faults=[FieldFault("events", rule, message)])


def _document(body: bytes) -> Any:
    try:
        return _decode(body)
    except RecursionError:
        raise Malformed("Nothing was stored: the JSON is nested too deep.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return _piecewise(body, error)


def _piecewise(body: bytes, error: Exception) -> Any:
    """Parse a body the strict parser refuses: keep valid elements, mark the others."""
    try:
        # An invalid UTF-8 byte becomes half a surrogate pair, for which its element is refused.
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
        document = json.loads(text, parse_constant=_mark, parse_float=_finite, parse_int=_whole)
    except (ValueError, RecursionError):
        raise Malformed(f"Nothing was stored: the body is not JSON ({error}).") from None
    if type(document) is dict and type(document.get("events")) is list:
        document = document["events"]
    return [_sound(element) for element in document] if type(document) is list else _sound(document)


def _mark(_: str) -> object:
    return _BAD


def _finite(text: str) -> Any:
    number = float(text)
    return number if math.isfinite(number) else _BAD


def _whole(text: str) -> Any:
    return int(text) if len(text) <= MAX_DIGITS else _BAD


def _sound(element: Any) -> Any:
    """Return the element, or `_BAD` if it contains NaN, Infinity, half a surrogate pair or a long number."""
    try:
        return orjson.loads(orjson.dumps(element))
    except (orjson.JSONEncodeError, RecursionError):
        return _BAD


def _event(raw: Any, now: datetime, oldest: datetime, latest: datetime, late: datetime) -> ParsedEvent:
    if type(raw) is not dict:
        raise _unreadable(raw)
    get = raw.get
    source = _text(
        raw, "service" if get("source") is None and "service" in raw else "source", MAX_NAME, required=True
    )
    event_type = _text(raw, "type" if get("event_type") is None else "event_type", MAX_NAME) or DEFAULT_TYPE
    message = _text(raw, "message", MAX_MESSAGE)
    correlation_id = _text(raw, "correlation_id", MAX_NAME)
    event_id = _text(raw, "event_id", MAX_NAME)
    level = _level(raw, "level" if get("severity") is None else "severity")
    stamp = "timestamp" if get("occurred_at") is None else "occurred_at"
    value = get(stamp)
    occurred_at = now if value is None else min(_moment(stamp, value, oldest), latest)
    key = key_of(event_id) if event_id else os.urandom(16)
    return ParsedEvent(
        key.hex(), bool(event_id), event_id or key.hex(), occurred_at, occurred_at < late,
        source, event_type, level, message, correlation_id, _metadata(raw),
    )  # fmt: skip


def key_of(event_id: str) -> bytes:
    """Return the stored key of an event id chosen by the sender."""
    return hashlib.blake2b(event_id.encode(), digest_size=16).digest()


def _unreadable(raw: Any) -> RefusedError:
    if raw is _BAD:
        return RefusedError(
            "", "json", "holds NaN, Infinity, a number out of range, or text that is not valid UTF-8"
        )
    return RefusedError("", "type", "must be an object")


def _text(raw: dict[str, Any], field: str, longest: int, *, required: bool = False) -> str:
    value = raw.get(field)
    if value is None or value == "":
        if required:
            raise RefusedError(field, "required", "is required (source, or its alias service)")
        return ""
    if type(value) is not str:
        if type(value) is not int or field == "message":
            raise RefusedError(field, "type", "must be a string")
        value = str(value)
    if len(value) > longest:
        raise RefusedError(field, "max_length", f"must be at most {longest} characters, not {len(value)}")
    if "\0" in value:
        raise RefusedError(field, "characters", "must not contain NUL characters")
    if required and not value.strip():
        raise RefusedError(field, "required", "must not be blank")
    return value


def _level(raw: dict[str, Any], field: str) -> int:
    value = raw.get(field)
    if value is None:
        return DEFAULT_LEVEL
    if type(value) is not str:
        raise RefusedError(field, "type", "must be a string")
    rank = LEVEL_NAMES.get(value)
    if rank is None:
        rank = LEVEL_NAMES.get(value.strip().lower())
    if rank is None:
        raise RefusedError(field, "choice", f"must be one of {', '.join(LEVEL_LABELS)}")
    return rank


def _moment(field: str, value: Any, oldest: datetime) -> datetime:
    try:
        if type(value) is str and not _EPOCH.fullmatch(value):
            moment = _iso(value)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        elif type(value) in (int, float, str):
            moment = _since_1970(float(value))
        else:
            raise RefusedError(field, "type", TIME_RULE)
    except (ValueError, OverflowError, OSError):
        raise RefusedError(field, "format", TIME_RULE) from None
    if moment < oldest:
        raise RefusedError(field, "too_old", "is older than the retention of events")
    return moment


def _since_1970(value: float) -> datetime:
    """Return a time in seconds, or in milli-, micro- or nanoseconds if it were centuries away."""
    if not math.isfinite(value):
        raise ValueError(value)
    for _ in range(3):
        value = value / 1000 if abs(value) >= MILLISECONDS else value
    return datetime.fromtimestamp(value, UTC)


def _metadata(raw: dict[str, Any]) -> dict[str, Any]:
    metadata = raw.get("metadata")
    if metadata is None:
        metadata = {}
    elif type(metadata) is not dict:
        raise RefusedError("metadata", "type", "must be an object")
    if not raw.keys() <= _KNOWN:
        metadata = {name: value for name, value in raw.items() if name not in _KNOWN} | metadata
    if metadata:
        _check_metadata(metadata)
    return metadata


def _check_metadata(metadata: dict[str, Any]) -> None:
    if _depth_exceeds(metadata, MAX_DEPTH):
        raise RefusedError("metadata", "depth", f"must be nested at most {MAX_DEPTH} deep")
    try:
        text = orjson.dumps(metadata)
    except (orjson.JSONEncodeError, RecursionError):
        raise RefusedError("metadata", "number", "holds an integer of more than 64 bits") from None
    if len(text) > MAX_METADATA:
        raise RefusedError(
            "metadata", "max_length", f"must be at most {MAX_METADATA} bytes of JSON, not {len(text)}"
        )
    if b"\\u0000" in text and _holds_nul(metadata):
        raise RefusedError("metadata", "characters", "must not contain NUL characters")


def _depth_exceeds(value: Any, left: int) -> bool:
    children = value.values() if type(value) is dict else value if type(value) is list else ()
    for child in children:
        if type(child) in (dict, list) and (left <= 1 or _depth_exceeds(child, left - 1)):
            return True
    return False


def _holds_nul(value: Any) -> bool:
    if type(value) is str:
        return "\0" in value
    if type(value) is dict:
        return any("\0" in name or _holds_nul(child) for name, child in value.items())
    return type(value) is list and any(_holds_nul(child) for child in value)
