"""Audit trail queries: filters, pagination by cursor, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from accounts.actor import SEES_ALL, Actor
from accounts.models import AuditEntry
from accounts.permissions import Capability, require
from accounts.validation import invalid

MAX_PAGE: Final = 200
EXPORT_PAGE: Final = 1000
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2200
# Area in the filter -> prefixes of its actions. An app above adds its own by `add_audit_area`.
AREAS: Final[dict[str, tuple[str, ...]]] = {
    "incidents": ("incident.",),
    "rules": ("rule.",),
    "members": ("member.",),
    "tokens": ("token.",),
    "settings": ("workspace.", "sla.", "setup."),
    "sign-ins": ("sign_in.", "password.", "profile.", "account."),
}


def add_audit_area(name: str, *beginnings: str) -> None:
    """Add an area to the audit filter, for actions with these prefixes ("channel.")."""
    AREAS[name] = beginnings


# Object type -> ids that an actor may not see. An app above adds its own by `hide_audit_of`.
HIDDEN: Final[dict[str, Callable[[Actor], QuerySet[Any, Any]]]] = {}


def hide_audit_of(object_type: str, rows: Callable[[Actor], QuerySet[Any, Any]]) -> None:
    """Hide audit entries about these objects from an actor."""
    HIDDEN[object_type] = rows


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Filter. who: part of an actor's name; what: an area, or a prefix of actions; since, until: instants."""

    who: str = ""
    what: str = ""
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING: Final = AuditFilter()


def parse_audit_filter(given: Mapping[str, str], *, zone: str) -> AuditFilter:
    """Parse the query string; days are days of `zone`, `until` is its last day. Raises Invalid naming it."""
    who, what = given.get("who", "").strip(), given.get("what", "").strip()
    for name, text in (("who", who), ("what", what)):
        if len(text) > 150 or "\0" in text:
            raise invalid(name, "length", "must have at most 150 characters")
    since, until = _day(given, "since", zone), _day(given, "until", zone)
    if since and until and until < since:
        raise invalid("until", "order", "must not be before since")
    return AuditFilter(who, what, since, until + timedelta(days=1) if until else None)


def _day(given: Mapping[str, str], name: str, zone: str) -> datetime | None:
    text = given.get(name, "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise invalid(name, "date", "must be a date such as 2026-11-21") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise invalid(name, "date", f"must be within the years {FIRST_YEAR} to {LAST_YEAR}")
    return datetime.combine(day, time.min, ZoneInfo(zone))


def audit_page(
    actor: Actor, wanted: AuditFilter = EVERYTHING, *, before: str | None = None, limit: int = 50
) -> tuple[Sequence[AuditEntry], str | None]:
    """Return up to `limit` (1 to 200) entries, newest first, and the next cursor.

    Raises Forbidden, Invalid.
    """
    require(actor, Capability.AUDIT_READ)
    return _page(actor, wanted, before, max(1, min(limit, MAX_PAGE)))


def audit_export(actor: Actor, wanted: AuditFilter) -> Iterator[Sequence[AuditEntry]]:
    """Yield every entry the filter matches, newest first, a thousand at a time. Raises Forbidden."""
    require(actor, Capability.AUDIT_READ)
    before: str | None = None
    while True:
        entries, before = _page(actor, wanted, before, EXPORT_PAGE)
        yield entries
        if before is None:
            return


def _page(
    actor: Actor, wanted: AuditFilter, before: str | None, limit: int
) -> tuple[Sequence[AuditEntry], str | None]:
    rows = _filtered(_seen_by(actor), wanted)
    if before:
        rows = rows.filter(pk__lt=_cursor(before))
    found = list(rows.order_by("-id")[: limit + 1])
    return found[:limit], str(found[limit - 1].pk) if len(found) > limit else None


def _seen_by(actor: Actor) -> QuerySet[AuditEntry]:
    rows: QuerySet[AuditEntry] = AuditEntry.objects.of(actor.workspace_id)
    if actor.viewer == SEES_ALL:
        return rows
    for object_type, hidden in HIDDEN.items():
        texts = hidden(actor).annotate(text_id=Cast("pk", CharField())).values("text_id")
        rows = rows.exclude(object_type=object_type, object_id__in=texts)
    return rows


def _filtered(rows: QuerySet[AuditEntry], wanted: AuditFilter) -> QuerySet[AuditEntry]:
    if wanted.who:
        rows = rows.filter(actor_label__icontains=wanted.who)
    if wanted.what:
        begins = Q()
        for beginning in AREAS.get(wanted.what, (wanted.what,)):
            begins |= Q(action__startswith=beginning)
        rows = rows.filter(begins)
    if wanted.since:
        rows = rows.filter(at__gte=wanted.since)
    return rows.filter(at__lt=wanted.until) if wanted.until else rows


def entries_about(
    workspace_id: int, object_type: str, object_id: Any, *, limit: int = 100
) -> Sequence[AuditEntry]:
    """Return the entries about one object, newest first, for pages that have already checked permissions."""
    rows = AuditEntry.objects.of(workspace_id).filter(object_type=object_type, object_id=str(object_id))
    return list(rows.order_by("-id")[:limit])


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise invalid("cursor", "cursor", "must be a cursor returned by this list")
    return int(text)
