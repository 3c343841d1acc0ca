"""Incidents as calendar events: declarations and investigations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts.oncall.calendar_sources import CalendarEvent, calendar_source
from incidents.models import Incident
from incidents.privacy.selectors import is_seen

MAX_EVENTS: Final = 1000
DECLARED: Final = timedelta(minutes=15)
MIN_BLOCK: Final = timedelta(minutes=5)


@calendar_source("declarations", title="Incidents declared or detected")
def declarations(
    workspace_id: int, user_id: int | None, start: datetime, end: datetime
) -> Iterator[CalendarEvent]:
    """Return a quarter of an hour at each detection; for a person, of incidents they held a role in."""
    for one in _incidents(workspace_id, user_id, start, end):
        yield CalendarEvent(
            uid=f"declaration-{one.pk}", starts_at=one.detected_at, ends_at=one.detected_at + DECLARED,
            summary=f"{one.severity.upper()} {one.reference}: {one.title}",
            description=f"{one.get_status_display()}. {one.get_incident_type_display()}.",
            changed_at=one.updated_at, url=f"/incidents/{one.reference}", is_busy=False,
            is_cancelled=one.merged_into_id is not None,
        )  # fmt: skip


@calendar_source("investigations", title="Time spent on incidents")
def investigations(
    workspace_id: int, user_id: int | None, start: datetime, end: datetime
) -> Iterator[CalendarEvent]:
    """Return the time from acknowledgement, or detection, to resolution or now; busy for role holders."""
    now = timezone.now()
    for one in _incidents(workspace_id, user_id, start, end):
        begins = one.acknowledged_at or one.detected_at
        ends = max(one.resolved_at or now.replace(second=0, microsecond=0), begins + MIN_BLOCK)
        yield CalendarEvent(
            uid=f"investigation-{one.pk}", starts_at=begins, ends_at=ends,
            summary=f"{one.reference}: {one.title}"[:200],
            description=f"{one.severity.upper()}, {one.get_status_display().lower()}.",
            changed_at=one.updated_at, url=f"/incidents/{one.reference}", is_busy=user_id is not None,
            is_cancelled=one.merged_into_id is not None,
        )  # fmt: skip


def _incidents(workspace_id: int, user_id: int | None, start: datetime, end: datetime) -> QuerySet[Incident]:
    rows = Incident.objects.of(workspace_id).filter(
        detected_at__gte=start, detected_at__lt=end, is_drill=False
    )
    if user_id is None:
        rows = rows.filter(is_private=False)
    else:
        rows = rows.filter(is_seen(workspace_id, user_id), roles__user_id=user_id).distinct()
    return rows.order_by("-detected_at", "-pk")[:MAX_EVENTS]
