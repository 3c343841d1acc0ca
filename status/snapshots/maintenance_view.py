"""Public view of scheduled maintenance. Pure."""

from __future__ import annotations

from datetime import datetime

from core.redaction import redact
from status.publishing.models import Maintenance
from status.snapshots.view import NoticeView, UpdateView


def is_in_progress(one: Maintenance, now: datetime) -> bool:
    """Whether the maintenance is in progress."""
    return one.cancelled_at is None and one.starts_at <= now < one.ends_at


def view_of_maintenance(one: Maintenance, now: datetime) -> NoticeView:
    """The view of a maintenance; its state follows from the time, with an update per state."""
    text = redact(one.description) or f"Maintenance is scheduled: {redact(one.title)}."
    updates = [UpdateView("scheduled", "scheduled", text, one.created_at)]
    began = one.starts_at <= min(now, one.cancelled_at or now)
    if began:
        words = "Scheduled maintenance is in progress."
        updates.append(UpdateView("started", "in_progress", words, one.starts_at))
    ended = one.cancelled_at or (one.ends_at if one.ends_at <= now else None)
    if ended is not None:
        words = "The scheduled maintenance has been completed."
        if not began:
            words = "The scheduled maintenance was cancelled."
        updates.append(UpdateView("ended", "completed", words, ended))
    newest = updates[-1]
    return NoticeView(
        public_id=one.public_id, title=redact(one.title), status=newest.status, impact="maintenance",
        started_at=one.starts_at, created_at=one.created_at, updated_at=newest.at,
        components=tuple(part.public_id for part in one.components.all()),
        updates=tuple(reversed(updates)), resolved_at=ended,
        scheduled_for=one.starts_at, scheduled_until=one.ends_at,
    )  # fmt: skip
