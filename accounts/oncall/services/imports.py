"""Starts and stops the import of a schedule's calendar, and stores its result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Membership, OnCallImport, OnCallSchedule
from accounts.oncall.events import OnCallImportFailed
from accounts.oncall.ical_expansion import Occurrence
from accounts.oncall.ical_guard import CalendarError, check_calendar
from accounts.oncall.ical_matching import Person, matched
from accounts.oncall.planning import HORIZON
from accounts.oncall.services.schedules import locked_schedule
from accounts.oncall.services.shifts import refill_shifts, store_shifts
from accounts.oncall.turns import clipped
from accounts.permissions import Capability, require
from accounts.validation import invalid
from core.outbox.events import publish
from core.queue.runner import nudge_queue
from core.queues import UPKEEP
from core.secrets.encryption import encrypt

PERIOD: Final = {"url": timedelta(minutes=10), "file": timedelta(days=1)}
MAX_URL_LENGTH: Final = 2000


def set_calendar(actor: Actor, *, schedule_id: int, url: str = "", data: bytes = b"") -> OnCallSchedule:
    """Start importing a schedule from the calendar at a URL, or from its text.

    A text is checked at once; the import itself runs in a worker. Raises Forbidden, NotFound, Invalid.
    """
    require(actor, Capability.ONCALL_WRITE)
    with transaction.atomic():
        schedule = locked_schedule(actor, schedule_id)
        if bool(url) == bool(data):
            raise invalid("url", "required", "must be given, or a file, and not both")
        schedule.calendar_text = _checked_text(data) if data else ""
        schedule.sealed_url = encrypt(_checked_url(url)) if url else ""
        schedule.source = OnCallSchedule.Source.URL if url else OnCallSchedule.Source.FILE
        schedule.etag, schedule.problem, schedule.failing_since = "", "", None
        schedule.version += 1
        schedule.save()
        OnCallImport.objects.of(actor.workspace_id).filter(schedule=schedule).delete()
        OnCallImport.objects.create(workspace_id=actor.workspace_id, schedule=schedule)
        changes = {"calendar": [None, urlsplit(url).hostname if url else f"a file of {len(data)} bytes"]}
        summary = f"{actor.label} imports {schedule.name} from a calendar"
        record(actor, action="oncall.import", target=schedule, summary=summary, changes=changes)
        nudge_queue(UPKEEP)
    return schedule


def stop_import(actor: Actor, *, schedule_id: int) -> OnCallSchedule:
    """Stop importing: the schedule uses its layers again (idempotent). Raises Forbidden, NotFound."""
    require(actor, Capability.ONCALL_WRITE)
    with transaction.atomic():
        schedule = locked_schedule(actor, schedule_id)
        if schedule.source == OnCallSchedule.Source.MANUAL:
            return schedule
        schedule.source = OnCallSchedule.Source.MANUAL
        schedule.sealed_url = schedule.calendar_text = schedule.etag = schedule.problem = ""
        schedule.failing_since, schedule.unmatched = None, []
        schedule.version += 1
        schedule.save()
        OnCallImport.objects.of(actor.workspace_id).filter(schedule=schedule).delete()
        summary = f"{actor.label} stopped the import of {schedule.name}"
        record(actor, action="oncall.import_stop", target=schedule, summary=summary)
        refill_shifts(actor.workspace_id, schedule.pk, now=timezone.now())
    return schedule


def store_import(
    workspace_id: int, schedule: OnCallSchedule, occurrences: Sequence[Occurrence], *, text: str, etag: str
) -> int:
    """Make the shifts of a locked, imported schedule equal to its calendar.

    Returns how many rows changed. Raises CalendarError for overlaps and when no event names a member; the
    shifts then stay as they are.
    """
    now = timezone.now()
    found = matched(occurrences, _people(workspace_id))
    wanted = [cut for span in found.spans if (cut := clipped(span, now, now + HORIZON))]
    if not wanted:
        message = f"no event of the next {HORIZON.days} days names a member"
        raise CalendarError(
            "empty", f"{message}: {', '.join(found.unmatched[:5])}" if found.unmatched else message
        )
    schedule.calendar_text, schedule.etag, schedule.unmatched = text, etag[:200], found.unmatched
    schedule.fetched_at, schedule.failing_since, schedule.problem = now, None, ""
    schedule.save()
    return store_shifts(workspace_id, schedule, wanted, now=now)


def note_failure(workspace_id: int, schedule_id: int, problem: str) -> None:
    """Store why an import failed; publish it when it is the first failure in a row."""
    with transaction.atomic():
        rows = OnCallSchedule.objects.of(workspace_id).select_for_update(no_key=True)
        schedule: OnCallSchedule | None = rows.filter(pk=schedule_id).first()
        if schedule is None:
            return
        is_first = schedule.failing_since is None
        schedule.problem = problem[:500].replace("\x00", "")
        schedule.failing_since = schedule.failing_since or timezone.now()
        schedule.save(update_fields=["problem", "failing_since"])
        if is_first:
            publish(
                OnCallImportFailed(
                    workspace_id, schedule_id=schedule.pk, schedule=schedule.name, problem=schedule.problem
                )
            )


def _people(workspace_id: int) -> list[Person]:
    members = Membership.objects.of(workspace_id).filter(user__is_active=True).select_related("user")
    return [
        Person(one.user_id, one.user.username, one.user.email, one.user.display_name)
        for one in members.order_by("user_id")[:2000]
    ]


def _checked_text(data: bytes) -> str:
    try:
        return check_calendar(data)
    except CalendarError as error:
        raise invalid("file", error.reason, f"is not imported: {error}") from None


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if len(url) > MAX_URL_LENGTH or parts.scheme != "https" or not parts.hostname:
        raise invalid("url", "url", "must be an https address")
    return url
