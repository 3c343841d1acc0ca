"""Computes when a person's quiet hours end."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifications.contacts.models import QuietHours


def quiet_end_of(workspace_id: int, user_id: int, now: datetime) -> datetime | None:
    """End of the person's current quiet hours, or None."""
    rows = QuietHours.objects.of(workspace_id).filter(user_id=user_id).select_related("user", "workspace")
    hours = rows.first()
    if hours is None:
        return None
    zone = ZoneInfo(hours.user.time_zone or hours.workspace.time_zone or "UTC")
    return quiet_end(hours.quiet_from, hours.quiet_until, zone, now)


def quiet_end(begin: time, end: time, zone: ZoneInfo, now: datetime) -> datetime | None:
    """End of the quiet hours that include `now`, or None; they may span midnight. Pure."""
    local = now.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    is_inside = begin <= at < end if begin <= end else at >= begin or at < end
    if not is_inside or begin == end:
        return None
    day = local.date() if at < end else local.date() + timedelta(days=1)
    return datetime.combine(day, end, zone).astimezone(now.tzinfo)
