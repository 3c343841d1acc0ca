"""Serves calendar feeds to calendar programs, authenticated by the secret in the URL."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import CalendarFeed
from accounts.oncall.calendar_sources import CALENDAR_SOURCES, CalendarEvent
from accounts.oncall.feed_auth import digest_of, feed_named
from accounts.oncall.ical_writing import FORM, calendar_text
from accounts.oncall.services.feeds import note_read
from core.errors import NotFound
from core.rate_limit.limiter import Limit, rate_limiter

BACK: Final = timedelta(days=90)
AHEAD: Final = timedelta(days=180)
MAX_EVENTS: Final = 2000
MAX_READS_PER_MINUTE: Final = 30


@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """GET /calendar/<secret>.ics: 90 days back, 180 ahead. 404 for an unknown or revoked secret."""
    secret = secret[:100]
    rate_limiter().charge(
        Limit(f"calendar:{digest_of(secret)[:16]}", MAX_READS_PER_MINUTE, 60, "reads of a calendar a minute")
    )
    found = feed_named(secret)
    if found is None:
        raise NotFound("There is no such calendar feed, or it was revoked.")
    name, events = f"{found.name} · {found.workspace.name}", _events(found)
    note_read(found.workspace_id, found, agent=request.headers.get("User-Agent", ""), now=timezone.now())
    etag = _etag(name, events)
    if request.headers.get("If-None-Match") == etag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        host = urlsplit(settings.BASE_URL).hostname or "localhost"
        body = calendar_text(name, events, host=host, base_url=settings.BASE_URL)
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        response["Content-Disposition"] = 'inline; filename="tocsin.ics"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=300"
    return response


def _etag(name: str, events: Sequence[CalendarEvent]) -> str:
    """Return an ETag of the events, computed before the body is written."""
    written_from = repr((FORM, settings.BASE_URL, name, events))
    return f'"{hashlib.sha256(written_from.encode()).hexdigest()[:32]}"'


def _events(found: CalendarFeed) -> list[CalendarEvent]:
    now = timezone.now()
    events = [
        event
        for kind in found.kinds
        if kind in CALENDAR_SOURCES
        for event in CALENDAR_SOURCES.get(kind).read(
            found.workspace_id, found.user_id, now - BACK, now + AHEAD
        )
    ]
    # If there are too many, the oldest are dropped.
    return sorted(events, key=lambda one: (one.starts_at, one.uid))[-MAX_EVENTS:]
