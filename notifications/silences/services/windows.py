"""Creates, changes, expands and ends maintenance windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Invalid
from core.queue import items
from notifications.silences.locking import lock_quiet_times
from notifications.silences.matching import Matcher, matcher_faults
from notifications.silences.models import MaintenanceWindow, WindowOccurrence
from notifications.silences.recurrence import MAX_YEARS, Span, occurrences, parse_rule
from notifications.silences.selectors import window_for
from notifications.silences.services.releasing import release
from notifications.silences.services.silences import require_sev1

AHEAD: Final = timedelta(days=60)
REFILL_EVERY: Final = timedelta(days=1)
MIN_DURATION_S: Final = 60
MAX_DURATION_S: Final = 7 * 86_400
MAX_WINDOWS: Final = 200


@dataclass(frozen=True)
class WindowValues:
    """Values of a window; `local_start` is naive, in local time of `zone`."""

    name: str
    matchers: Sequence[Matcher]
    local_start: datetime
    duration_s: int
    zone: str
    rule: str = ""
    includes_sev1: bool = False


def save_window(actor: Actor, values: WindowValues, *, window_id: int | None = None) -> MaintenanceWindow:
    """Create or change a window and its occurrences. Raises Forbidden, NotFound, Conflict, Invalid."""
    require(actor, Capability.SILENCES_WRITE)
    if values.includes_sev1:
        require_sev1(actor)
    now = timezone.now()
    if faults := _faults(values, now):
        raise Invalid("The maintenance window was not saved.", faults=faults)
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        lock_quiet_times(actor.workspace_id)
        window = _row(actor, window_id)
        window.name = " ".join(values.name.split())
        window.matchers = [one.as_json() for one in values.matchers]
        window.includes_sev1 = values.includes_sev1
        window.local_start = values.local_start.replace(tzinfo=None).isoformat(timespec="seconds")
        window.duration_s, window.zone, window.rule = values.duration_s, values.zone, values.rule.strip()
        window.due_at = now + REFILL_EVERY
        window.save()
        _fill(window, now)
        verb = "changed" if window_id else "created"
        summary = f"{actor.label} {verb} the maintenance window {window.name}"
        record(actor, action=f"window.{verb[:-1]}", target=window, summary=summary)
    return window


def _row(actor: Actor, window_id: int | None) -> MaintenanceWindow:
    if window_id is not None:
        window = window_for(actor, window_id)
        if window.includes_sev1:
            require_sev1(actor)
        return window
    if MaintenanceWindow.objects.of(actor.workspace_id).filter(archived_at=None).count() >= MAX_WINDOWS:
        raise Conflict(f"A workspace has at most {MAX_WINDOWS} maintenance windows. Nothing was created.")
    return MaintenanceWindow(workspace_id=actor.workspace_id, owner_id=actor.user_id)


def _faults(values: WindowValues, now: datetime) -> list[FieldFault]:
    faults = matcher_faults(values.matchers, includes_sev1=values.includes_sev1)
    if not 1 <= len(" ".join(values.name.split())) <= 120:
        faults.append(FieldFault("name", "length", "must have 1 to 120 characters"))
    if not MIN_DURATION_S <= values.duration_s <= MAX_DURATION_S:
        faults.append(FieldFault("duration_s", "range", f"must be {MIN_DURATION_S} to {MAX_DURATION_S}"))
    if values.zone not in available_timezones():
        faults.append(FieldFault("zone", "choice", "must be a time zone such as Europe/Berlin"))
    if not faults and (text := _rule_fault(values, now)):
        faults.append(FieldFault("rule", "value", text))
    return faults


def _rule_fault(values: WindowValues, now: datetime) -> str:
    try:
        spans = _spans(values.local_start, values.duration_s, values.zone, values.rule, now, five_years=True)
        if next(spans, None) is None:
            return f"never occurs: there is no occurrence in the next {MAX_YEARS} years"
    except ValueError as error:
        return str(error)
    except OverflowError:
        return "is outside the supported range of dates"
    return ""


def _spans(
    start: datetime, duration_s: int, zone: str, rule: str, now: datetime, *, five_years: bool = False
) -> Iterator[Span]:
    until = now + (timedelta(days=366 * MAX_YEARS) if five_years else AHEAD)
    local = start.replace(tzinfo=None)
    duration = timedelta(seconds=duration_s)
    return occurrences(local, duration, ZoneInfo(zone), parse_rule(rule), since=now, until=until)


def _fill(window: MaintenanceWindow, now: datetime) -> None:
    """Create the occurrences of the next 60 days. A running one that was removed ends now."""
    start = datetime.fromisoformat(window.local_start)
    wanted = {} if window.archived_at else {
        span.starts_at: span for span in _spans(start, window.duration_s, window.zone, window.rule, now)
    }  # fmt: skip
    rows = WindowOccurrence.objects.of(window.workspace_id).filter(window=window)
    for one in rows.filter(ended_at=None).select_for_update(no_key=True):
        span = wanted.get(one.starts_at)
        if span is None and one.starts_at > now:
            one.delete()
        elif span is None or span.ends_at != one.ends_at:
            one.ends_at = one.due_at = (
                span.ends_at if span else max(now, one.starts_at + timedelta(seconds=1))
            )
            one.save()
    fresh = [
        WindowOccurrence(
            workspace_id=window.workspace_id, window=window, starts_at=span.starts_at, ends_at=span.ends_at,
            due_at=span.ends_at,
        )
        for span in wanted.values()
    ]  # fmt: skip
    WindowOccurrence.objects.bulk_create(fresh, ignore_conflicts=True)


def refill_window(workspace_id: int, item: MaintenanceWindow, *, now: datetime) -> None:
    """Create further occurrences of a claimed window, daily."""
    with transaction.atomic():
        lock_quiet_times(workspace_id)
        rows = MaintenanceWindow.objects.of(workspace_id).select_for_update(no_key=True, of=("self",))
        window: MaintenanceWindow = rows.get(pk=item.pk)
        if window.archived_at is None:
            _fill(window, now)
            items.reschedule(item, now + REFILL_EVERY)


def end_occurrence(workspace_id: int, item: WindowOccurrence, *, now: datetime) -> None:
    """End a claimed occurrence and notify of unresolved incidents, once."""
    with transaction.atomic():
        lock_quiet_times(workspace_id)
        rows = WindowOccurrence.objects.of(workspace_id).select_for_update(no_key=True, of=("self",))
        one: WindowOccurrence = rows.select_related("window").get(pk=item.pk)
        if one.ended_at is not None:
            return
        one.ended_at = one.settled_at = now
        one.state, one.lease_until = WindowOccurrence.State.DONE, None
        one.save()
        item.is_settled = True
        text = f"Still unresolved: the maintenance window “{one.window.name}” ended."
        release(one.workspace_id, one.key, once=one.key, text=text, now=now)


def delete_window(actor: Actor, window_id: int) -> None:
    """Archive a window; a running occurrence ends now. Raises Forbidden, NotFound."""
    require(actor, Capability.SILENCES_WRITE)
    now = timezone.now()
    with transaction.atomic():
        lock_quiet_times(actor.workspace_id)
        window = window_for(actor, window_id)
        if window.includes_sev1:
            require_sev1(actor)
        window.archived_at = window.settled_at = now
        window.state = MaintenanceWindow.State.DONE
        window.save()
        _fill(window, now)
        summary = f"{actor.label} deleted the maintenance window {window.name}"
        record(actor, action="window.delete", target=window, summary=summary)
