"""Hourly counts and last error of a source."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, LiteralString

from core.sql.prepared import send
from detection.models import Source
from incidents.validation import fit

_TALLY: Final[LiteralString] = """
insert into detection_sourcetally as t (workspace_id, source_id, hour, accepted, refused, quarantined, events)
values (%s::bigint, %s::bigint, date_trunc('hour', %s::timestamptz, 'UTC'),
        %s::int, %s::int, %s::int, %s::int)
on conflict (source_id, hour) do update
   set accepted = t.accepted + excluded.accepted, refused = t.refused + excluded.refused,
       quarantined = t.quarantined + excluded.quarantined, events = t.events + excluded.events
"""
ERROR_LENGTH: Final = 300


def tally(
    workspace_id: int,
    *,
    source: Source,
    at: datetime,
    accepted: int = 0,
    refused: int = 0,
    quarantined: int = 0,
    events: int = 0,
    error: str = "",
) -> None:
    """Count a request received at `at`; `error` describes what was wrong with it, "" for nothing."""
    send(_TALLY, [workspace_id, source.pk, at, accepted, refused, quarantined, events])
    seen: dict[str, Any] = {"last_seen_at": at}
    if error:
        seen |= {"last_error_at": at, "last_error": fit(error, ERROR_LENGTH)}
    Source.objects.of(workspace_id).filter(pk=source.pk).update(**seen)
