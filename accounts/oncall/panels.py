"""The on-call panels and menu entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from accounts.actor import Actor
from accounts.oncall.calendar_days import Part, days_of
from accounts.oncall.selectors import ScheduleView, schedule_views
from accounts.permissions import Capability, allowed
from core.ui.navigation import NAVIGATION, SETTINGS, NavItem
from core.ui.panels import Panel, panel

DAYS: Final = 14

NAVIGATION.add(
    "on_call",
    NavItem("On call", "phone-call", "/on-call", order=45, keys="g o", capability=Capability.ONCALL_READ),
)
SETTINGS.add(
    "on_call",
    NavItem(
        "On-call schedules", "calendar-clock", "/settings/on-call", order=32, group="Workspace",
        capability=Capability.ONCALL_WRITE,
    ),
)  # fmt: skip
SETTINGS.add(
    "calendars",
    NavItem(
        "Calendar feeds", "calendar-days", "/settings/calendars", order=15, group="You",
        capability=Capability.ONCALL_READ,
    ),
)  # fmt: skip


@panel
class OnCallPanel(Panel):
    """Every schedule: who is on call now and next, 14 days of shifts, and their gaps."""

    name = "oncall.schedules"
    title = "On-call schedules"
    template = "accounts/oncall/panels/schedules.html"
    every_s = 60

    def topics(self, key: str) -> tuple[str, ...]:
        """Return the topic of changes to schedules."""
        return ("oncall",)

    def context(self, actor: Any, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the schedules. Raises Forbidden."""
        now, zone = timezone.now(), ZoneInfo(timezone.get_current_timezone_name())
        views = schedule_views(actor, now=now)
        first = now.astimezone(zone).date()
        shown = [
            (view, days_of(_parts(actor, view), view.gaps, zone=zone, first=first, count=DAYS))
            for view in views
        ]
        return {"schedules": shown, "may_edit": allowed(actor, Capability.ONCALL_WRITE)}


def _parts(actor: Actor, view: ScheduleView) -> list[Part]:
    return [
        Part(shift.user.label, shift.starts_at, shift.ends_at, shift.user_id == actor.user_id)
        for shift in view.shifts
    ]
