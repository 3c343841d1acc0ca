"""Creates and revokes calendar feeds, and records when they are read."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import CalendarFeed
from accounts.oncall.calendar_sources import CALENDAR_SOURCES
from accounts.oncall.feed_auth import digest_of
from accounts.permissions import Capability, require
from accounts.validation import clean_name, invalid
from core.errors import NotFound

MAX_FEEDS: Final = 20
NOTE_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class IssuedFeed:
    """A new feed and its secret, which is shown once."""

    row: CalendarFeed
    secret: str


def create_feed(actor: Actor, *, name: str, kinds: Sequence[str], everybody: bool = False) -> IssuedFeed:
    """Create a feed of the actor's own events, or of the workspace's with `everybody` (managers).

    Raises Forbidden, Invalid naming the field.
    """
    require(actor, Capability.ONCALL_WRITE if everybody else Capability.ONCALL_READ)
    if actor.user_id is None and not everybody:
        raise invalid("everybody", "person", "must be true for a token, which has no shifts of its own")
    if not kinds or any(kind not in CALENDAR_SOURCES for kind in kinds):
        raise invalid("kinds", "choice", f"must be one or more of {', '.join(CALENDAR_SOURCES.names())}")
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        if len(feeds_of(actor)) >= MAX_FEEDS:
            raise invalid("name", "max_items", f"exceeds the limit: revoke one of your {MAX_FEEDS} feeds")
        feed: CalendarFeed = CalendarFeed.objects.create(
            workspace_id=actor.workspace_id,
            user_id=None if everybody else actor.user_id,
            name=clean_name(name),
            digest=digest_of(secret),
            prefix=secret[:6],
            kinds=sorted(set(kinds)),
        )
        record(actor, action="calendar.create", target=feed, summary=f"{actor.label} created a calendar feed")
    return IssuedFeed(feed, secret)


def revoke_feed(actor: Actor, *, feed_id: int) -> CalendarFeed:
    """Revoke a feed (idempotent). Raises NotFound."""
    feed = next((one for one in feeds_of(actor) if one.pk == feed_id), None)
    if feed is None:
        raise NotFound("There is no such calendar feed.")
    with transaction.atomic():
        feed.revoked_at = timezone.now()
        feed.save(update_fields=["revoked_at"])
        summary = f"{actor.label} revoked the calendar feed {feed.name}"
        record(actor, action="calendar.revoke", target=feed, summary=summary)
    return feed


def feeds_of(actor: Actor) -> list[CalendarFeed]:
    """Return the actor's live feeds, and those of the workspace for managers, newest first."""
    require(actor, Capability.ONCALL_READ)
    own = CalendarFeed.objects.of(actor.workspace_id).filter(revoked_at=None)
    mine = Q(user_id=actor.user_id or 0)
    if actor.role in {"manager", "admin"}:
        mine |= Q(user=None)
    return list(own.filter(mine).order_by("-pk")[:200])


def note_read(workspace_id: int, feed: CalendarFeed, *, agent: str, now: datetime) -> None:
    """Record when a program last read a feed, at most once in five minutes."""
    if feed.last_read_at is None or feed.last_read_at < now - NOTE_EVERY:
        own = CalendarFeed.objects.of(workspace_id).filter(pk=feed.pk)
        own.update(last_read_at=now, last_agent=agent[:200].replace("\x00", ""))
