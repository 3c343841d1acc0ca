"""One import of a calendar: fetch, check, expand, store. Runs in the worker of the queue upkeep."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import OnCallImport, OnCallSchedule
from accounts.oncall.ical_expansion import expand
from accounts.oncall.ical_guard import MAX_BYTES, CalendarError, check_calendar
from accounts.oncall.planning import HORIZON
from accounts.oncall.services.imports import PERIOD, note_failure, store_import
from core.http.client import HttpPermanentError, request
from core.queue.items import reschedule
from core.queue.retry import PassingError, PermanentError
from core.secrets.encryption import DecryptionError, decrypt

MAX_REDIRECTS: Final = 3
NOT_MODIFIED: Final = 304


def import_calendar(item: OnCallImport) -> None:
    """Import once and schedule the next import. On failure the shifts stay and it is retried."""
    schedule = item.schedule
    try:
        _import(item, schedule)
    except (CalendarError, PassingError, PermanentError, DecryptionError) as error:
        note_failure(item.workspace_id, schedule.pk, str(error))
        reschedule(item, Now() + PERIOD["url"])


def _import(item: OnCallImport, schedule: OnCallSchedule) -> None:
    text, etag = _fetched(schedule)
    now: datetime = timezone.now()
    zone = ZoneInfo(schedule.time_zone)
    connection.close()  # not held while the child process runs
    occurrences = expand(text, zone=zone, start=now, end=now + HORIZON)
    with transaction.atomic():
        rows = OnCallSchedule.objects.of(item.workspace_id).select_for_update(no_key=True)
        locked = rows.filter(pk=schedule.pk, version=schedule.version).first()
        if locked is None:
            return
        store_import(item.workspace_id, locked, occurrences, text=text, etag=etag)
        reschedule(item, Now() + PERIOD[locked.source])


def _fetched(schedule: OnCallSchedule) -> tuple[str, str]:
    """Return the checked text and its ETag; the stored text if the server responds with 304."""
    if schedule.source == OnCallSchedule.Source.FILE:
        return schedule.calendar_text, ""
    headers = {"Accept": "text/calendar"}
    if schedule.etag and schedule.calendar_text:
        headers["If-None-Match"] = schedule.etag
    connection.close()  # not held during the request
    try:
        reply = request(
            "GET",
            decrypt(schedule.sealed_url),
            headers=headers,
            max_bytes=MAX_BYTES,
            max_redirects=MAX_REDIRECTS,
        )
    except HttpPermanentError as error:
        if error.status == NOT_MODIFIED and schedule.calendar_text:
            return schedule.calendar_text, schedule.etag
        raise
    return check_calendar(reply.body), {k.lower(): v for k, v in reply.headers.items()}.get("etag", "")
