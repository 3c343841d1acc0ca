"""Stores changes reported by senders, once each."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson

from detection.ingest.services.accept_events import catalogue_sources
from detection.models import ChangeEvent, Source
from detection.webhooks.alerts.alert_text import as_json, bounded_key, storable
from detection.webhooks.parsed import Change
from incidents.validation import NAME_LENGTH, fit

SUMMARY_LENGTH: Final = 1024
FUTURE: Final = timedelta(minutes=5)


def keep_changes(workspace_id: int, *, source: Source, changes: Sequence[Change], at: datetime) -> int:
    """Store changes received at `at`; known ones are not changed. Returns how many are new."""
    if changes:
        rows = [row_of(workspace_id, source, change, at) for change in changes]
        ChangeEvent.objects.bulk_create(rows, ignore_conflicts=True)
        catalogue_sources(workspace_id, {row.component for row in rows if row.component})
    return len(changes)


def row_of(workspace_id: int, source: Source | None, change: Change, at: datetime) -> ChangeEvent:
    """Return an unsaved row of a change."""
    return ChangeEvent(
        workspace_id=workspace_id,
        source=source,
        key=bounded_key(change.key) or _content_key(change, at),
        kind=change.kind.value,
        summary=fit(change.summary, SUMMARY_LENGTH),
        component=fit(change.component, NAME_LENGTH),
        change_version=fit(change.version, NAME_LENGTH),
        author=fit(change.author, NAME_LENGTH),
        occurred_at=min(change.occurred_at or at, at + FUTURE),
        received_at=at,
        links=as_json(change.links),
        detail=storable(change.detail),
    )


def _content_key(change: Change, at: datetime) -> str:
    """Return a key for a change without one: the same content again within the hour is the same change."""
    content = dataclasses.asdict(change)
    if change.occurred_at is None:
        content["occurred_at"] = f"{at:%Y-%m-%dT%H}"
    content["detail"] = storable(change.detail)
    return "content:" + hashlib.sha256(orjson.dumps(content, default=str)).hexdigest()
