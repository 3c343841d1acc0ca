"""Postmortem meetings and action items as calendar events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final

from django.db.models import Q

from accounts.oncall.calendar_sources import CalendarEvent, calendar_source
from incidents.privacy.selectors import is_seen
from postmortems.action_items.models import ActionItem, ItemStatus
from postmortems.documents.models import Postmortem

MAX_EVENTS: Final = 1000
CANCELLED_FOR: Final = timedelta(days=30)


@calendar_source("meetings", title="Postmortem meetings")
def meetings(
    workspace_id: int, user_id: int | None, start: datetime, end: datetime
) -> Iterator[CalendarEvent]:
    """Meetings in their own time zone; a cancelled one stays as cancelled, so that clients remove it."""
    rows = Postmortem.objects.of(workspace_id).filter(
        Q(meeting_at__gte=start, meeting_at__lt=end)
        | Q(meeting_at=None, meeting_was_at__gte=start, updated_at__gte=end - CANCELLED_FOR * 8)
    )
    if user_id is None:
        rows = rows.filter(incident__is_private=False)
    else:
        theirs = Q(owner_id=user_id) | Q(incident__roles__user_id=user_id)
        rows = rows.filter(theirs, is_seen(workspace_id, user_id, "incident")).distinct()
    for one in rows.select_related("incident").order_by("-pk")[:MAX_EVENTS]:
        if one.meeting_at or one.meeting_was_at:
            yield meeting_event(one)


def meeting_event(one: Postmortem) -> CalendarEvent:
    """The calendar event of a meeting, also of a cancelled one; used by feeds and mails."""
    at = one.meeting_at or one.meeting_was_at or one.updated_at
    return CalendarEvent(
        uid=f"meeting-{one.pk}", starts_at=at, ends_at=at + timedelta(minutes=one.meeting_minutes),
        summary=f"Postmortem of {one.incident.reference}: {one.title}"[:200],
        description="Review of the postmortem.", changed_at=one.updated_at,
        url=f"/postmortems/{one.incident.reference}", zone=one.meeting_zone,
        is_cancelled=one.meeting_at is None, sequence=one.meeting_sequence,
    )  # fmt: skip


@calendar_source("items", title="Action items due")
def items_due(
    workspace_id: int, user_id: int | None, start: datetime, end: datetime
) -> Iterator[CalendarEvent]:
    """An all-day event per due date; done and cancelled items are cancelled events."""
    rows = ActionItem.objects.of(workspace_id).filter(due_date__gte=start.date(), due_date__lt=end.date())
    if user_id is None:
        rows = rows.filter(incident__is_private=False)
    else:
        rows = rows.filter(is_seen(workspace_id, user_id, "incident"), assignee_id=user_id)
    for one in rows.select_related("incident", "assignee").order_by("-due_date", "-pk")[:MAX_EVENTS]:
        if one.due_date is None:
            continue
        at = datetime.combine(one.due_date, time(0), UTC)
        who = one.assignee.label if one.assignee else "no assignee"
        done = one.status in (ItemStatus.DONE, ItemStatus.CANCELLED)
        yield CalendarEvent(
            uid=f"item-{one.pk}", starts_at=at, ends_at=at + timedelta(days=1),
            summary=f"{one.reference} due: {one.title}"[:200],
            description=f"{one.get_status_display()}, {who}. From {one.incident.reference}.",
            changed_at=one.updated_at, url=f"/action-items/{one.reference}", is_all_day=True,
            is_busy=False, is_cancelled=done, sequence=one.version,
        )  # fmt: skip
