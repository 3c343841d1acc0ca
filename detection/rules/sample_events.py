"""Sample events for rule tests: pasted, or stored in the last minutes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid, Problem
from detection.ingest.parsing import MAX_MESSAGE, ParsedEvent, parse_body
from detection.models import Event
from detection.rules.rule_test import SampleEvent

MAX_MINUTES: Final = 24 * 60
MAX_STORED: Final = 20_000
MAX_TEXT: Final = 500_000
MAX_FILE_BYTES: Final = 2_000_000
# Pasted events may be of any age: a test counts them all.
ANY_AGE: Final = timedelta(days=36_500)


def pasted_events(text: str, *, now: datetime) -> list[SampleEvent]:
    """Parse events from JSON as the API accepts it, or one per line: JSON objects, or error messages.

    Raises Invalid naming `events[3].level` if any is invalid.
    """
    if not text.strip():
        raise _refused("events", "required", "paste at least one event")
    if len(text) > MAX_TEXT:
        raise _refused("events", "length", f"must have at most {MAX_TEXT} characters")
    return read_events(_document(text.strip()), now=now)


def uploaded_events(file: UploadedFile | None, *, now: datetime) -> list[SampleEvent]:
    """Parse events from a UTF-8 file, like `pasted_events`. Raises Invalid (field `file`)."""
    if file is None or not file.size:
        raise _refused("file", "required", "choose a file that is not empty")
    if file.size > MAX_FILE_BYTES:
        raise _refused("file", "length", f"must have at most {MAX_FILE_BYTES // 1_000_000} MB")
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused("file", "encoding", "must be text in UTF-8") from None
    return pasted_events(text, now=now)


def read_events(document: Any, *, now: datetime) -> list[SampleEvent]:
    """Return events from parsed JSON: one, an array, or {"events": [...]}. Raises Invalid."""
    try:
        batch = parse_body(json.dumps(document).encode("utf-8", "surrogatepass"), now, ANY_AGE)
    except Problem as problem:
        faults = problem.faults or [FieldFault("events", "json", "must be events in the format of the API")]
        raise Invalid("The rule was not tested.", faults=faults) from problem
    if batch.faults:
        faults = [
            FieldFault(f"events[{fault.position}].{fault.field}".rstrip("."), fault.rule, fault.message)
            for fault in batch.faults[:20]
        ]
        raise Invalid("The rule was not tested: some events cannot be parsed.", faults=faults)
    return [SampleEvent(number, event) for number, event in enumerate(batch.events, start=1)]


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return [_line(line) for line in text.splitlines() if line.strip()]


def _line(line: str) -> Any:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict):
        return read
    return {"source": "sample", "level": "error", "message": line.strip()[:MAX_MESSAGE]}


def stored_events(actor: Actor, *, minutes: int, now: datetime) -> tuple[list[SampleEvent], bool]:
    """Return events of the last `minutes` (1 to 1440), and whether there are more than 20,000.

    Late events never count, so they are left out. Raises Forbidden, Invalid.
    """
    require(actor, Capability.INCIDENTS_READ)
    if not 1 <= minutes <= MAX_MINUTES:
        raise _refused("minutes", "range", f"must be a whole number from 1 to {MAX_MINUTES}")
    since = now - timedelta(minutes=minutes)
    events = Event.objects.of(actor.workspace_id).filter(received_at__gte=since, is_late=False)
    newest = list(events.order_by("-id").defer("metadata")[: MAX_STORED + 1])
    return [_tried(event) for event in reversed(newest[:MAX_STORED])], len(newest) > MAX_STORED


def _tried(event: Event) -> SampleEvent:
    parsed = ParsedEvent(
        key="",
        keyed=False,
        event_id=event.event_id,
        occurred_at=event.occurred_at,
        late=False,
        source=event.source,
        event_type=event.event_type,
        level=event.level,
        message=event.message,
        correlation_id=event.correlation_id,
        metadata={},
    )
    return SampleEvent(event.pk, parsed)


def _refused(field: str, rule: str, message: str) -> Invalid:
    return Invalid("The rule was not tested.", faults=[FieldFault(field, rule, message)])
