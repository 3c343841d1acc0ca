"""Recent activity across incidents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from incidents.listing.keyset import Page, decode_cursor, page_of
from incidents.models import TimelineEntry
from incidents.privacy.selectors import is_seen
from incidents.vocabulary import EntryKind

MAX_PAGE: Final = 200
LATEST: Final = 8  # on the landing page
# The description of an incident may be long; an activity line does not show it.
_SHOWN: Final = (
    "kind", "message", "is_public", "author_label", "occurred_at", "created_at",
    "amended_message", "withdrawn_at", "published_at",
    "incident__number", "incident__title", "incident__severity", "incident__is_drill", "incident__is_private",
)  # fmt: skip


def recent_activity(
    actor: Actor, *, kinds: Iterable[EntryKind] = (), cursor: str | None = None, limit: int = 50
) -> Page[TimelineEntry]:
    """Return entries of every timeline with their incidents, in the order they were written: one statement.

    Raises Forbidden, Invalid (cursor).
    """
    require(actor, Capability.INCIDENTS_READ)
    limit = max(1, min(limit, MAX_PAGE))
    rows = _entries(actor.workspace_id, actor.viewer)
    if chosen := list(kinds):
        rows = rows.filter(kind__in=chosen)
    if cursor:
        rows = rows.filter(pk__lt=decode_cursor(cursor)[1])
    return page_of(list(rows[: limit + 1]), limit, lambda row: (row.created_at, row.pk))


def latest_activity(actor: Actor) -> list[TimelineEntry]:
    """Return the newest eight entries of all timelines with their incidents. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return _latest(actor.workspace_id, actor.viewer)


def _entries(workspace_id: int, viewer: int) -> QuerySet[TimelineEntry]:
    every = TimelineEntry.objects.of(workspace_id).filter(is_seen(workspace_id, viewer, "incident"))
    rows = every.select_related("incident").only(*_SHOWN)
    newest: QuerySet[TimelineEntry] = rows.order_by("-id")
    return newest


@compiled(int, int)
def _latest(workspace_id: int, viewer: int) -> QuerySet[TimelineEntry]:
    return _entries(workspace_id, viewer)[:LATEST]
