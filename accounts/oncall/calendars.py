"""On-call shifts as calendar events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from accounts.models import OnCallShift
from accounts.oncall.calendar_sources import CalendarEvent, calendar_source


@calendar_source("shifts", title="On-call shifts")
def shift_events(
    workspace_id: int, user_id: int | None, start: datetime, end: datetime
) -> Iterator[CalendarEvent]:
    """Return the shifts of a person, or of everyone with their names."""
    shifts = OnCallShift.objects.of(workspace_id).filter(ends_at__gt=start, starts_at__lt=end)
    if user_id is not None:
        shifts = shifts.filter(user_id=user_id)
    for shift in shifts.select_related("schedule", "user").order_by("starts_at", "id")[:1000]:
        who = f"{shift.user.label}: " if user_id is None else ""
        yield CalendarEvent(
            uid=f"shift-{shift.schedule_id}-{shift.user_id}-{shift.starts_at:%Y%m%dT%H%M%SZ}",
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            summary=f"{who}on call: {shift.schedule.name}"[:200],
            description=f"On call in {shift.schedule.name}, time zone {shift.schedule.time_zone}.",
            changed_at=shift.changed_at,
            url="/on-call",
        )
