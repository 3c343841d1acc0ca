"""Reads action items."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.sql.compiled_queries import compiled
from incidents.models import Incident
from incidents.privacy.selectors import is_seen, seen_with
from incidents.reference import parse_reference
from incidents.validation import invalid
from postmortems.action_items.models import UNFINISHED, ActionItem, ItemKind, ItemStatus
from postmortems.fix_watch.models import FixWatch
from postmortems.learning.models import Priority

MAX_LISTED: Final = 100
MAX_EXPORTED: Final = 10_000
DUE: Final = ("overdue", "week", "none", "in_time", "late")
DAY_CHARS: Final = 10
_REFERENCE: Final = re.compile(r"(?:act[-_ ]?)?0*([1-9][0-9]{0,9})", re.I)
STATUS_ALIASES: Final = {"completed": "done", "closed": "done", "todo": "open", "inprogress": "in_progress"}
NAMES: Final = (
    "status",
    "owner",
    "kind",
    "priority",
    "due",
    "incident",
    "component",
    "text",
    "due_from",
    "due_until",
    "fix",
    "cursor",
    "limit",
)


@dataclass(frozen=True)
class ItemFilter:
    """Filter of action items; empty: all. `status`: unfinished, or one status.

    due: overdue, week, none, in_time (done by the due date) or late (done after it, or not yet). due_from
    (inclusive) and due_until (exclusive) bound the due date. fix: the verdict of its fix watch.
    """

    status: str = ""
    owner: str = ""
    kind: str = ""
    priority: str = ""
    due: str = ""
    incident: str = ""
    component: str = ""
    text: str = ""
    due_from: str = ""
    due_until: str = ""
    fix: str = ""

    @property
    def is_any(self) -> bool:
        """Whether something is filtered."""
        return self != ItemFilter()


def parse_item_filter(query: Mapping[str, str]) -> ItemFilter:
    """Parse the filter of a query string. Raises Invalid (field)."""
    given = {
        name: str(query.get(name, "")).replace("\0", "").strip()[:200]
        for name in ItemFilter.__dataclass_fields__
    }
    given["status"] = (
        parse_status(given["status"]) if given["status"] not in ("", "unfinished", "all") else given["status"]
    )
    for name, known in (
        ("kind", ItemKind.values),
        ("priority", Priority.values),
        ("due", DUE),
        ("fix", FixWatch.Verdict.values),
    ):
        if given[name] and given[name] not in known:
            raise invalid(name, "choice", f"must be one of {', '.join(known)}")
    for name in ("due_from", "due_until"):
        if given[name] and parse_day(given[name]) is None:
            raise invalid(name, "format", "must be a date such as 2026-03-01")
    return ItemFilter(**given)


def parse_day(text: str) -> date | None:
    """`2026-03-01`; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == DAY_CHARS else None
    except ValueError:
        return None


def parse_status(word: str) -> str:
    """`open`, `IN_PROGRESS`, `completed` … Raises Invalid naming `status`."""
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    found = STATUS_ALIASES.get(plain, plain)
    if found not in ItemStatus.values:
        known = ", ".join([*ItemStatus.values, "completed"])
        raise invalid("status", "choice", f"must be one of {known}")
    return found


def parse_item_reference(text: int | str) -> int:
    """`17`, `ACT-17`, `act_00017` -> 17. Raises NotFound."""
    found = _REFERENCE.fullmatch(str(text).strip())
    if found is None or int(found[1]) > 2**31 - 1:
        raise NotFound("There is no such action item in this workspace.")
    return int(found[1])


def item_for(actor: Actor, reference: int | str) -> ActionItem:
    """One action item. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    number = parse_item_reference(reference)
    found: ActionItem | None = _detailed(actor).filter(number=number).first()
    if found is None:
        raise NotFound(f"There is no ACT-{number} in this workspace.")
    return found


def items_of(actor: Actor, incident: Incident) -> Sequence[ActionItem]:
    """Action items of one incident, oldest first. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    return _on_incident(actor.workspace_id, actor.viewer, incident.pk)


@compiled(int, int, int)
def _on_incident(workspace_id: int, viewer: int, incident_id: int) -> QuerySet[ActionItem]:
    return _seen(workspace_id, viewer).filter(incident_id=incident_id).order_by("number")[:MAX_LISTED]


def items_page(
    actor: Actor, wanted: ItemFilter, *, before: int | None = None, limit: int = MAX_LISTED
) -> Sequence[ActionItem]:
    """Matching action items, newest first, up to `limit` + 1. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = matching(actor, wanted)
    if before is not None:
        rows = rows.filter(number__lt=before)
    return list(rows.order_by("-number")[: limit + 1])


def counts_of(actor: Actor) -> dict[str, int]:
    """Counts of unfinished, overdue, own and unassigned items. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = ActionItem.objects.of(actor.workspace_id).filter(seen_with(actor), status__in=UNFINISHED)
    return {
        "unfinished": rows.count(),
        "overdue": rows.filter(due_date__lt=today()).count(),
        "mine": rows.filter(assignee_id=actor.user_id or 0).count(),
        "unassigned": rows.filter(assignee=None).count(),
    }


def matching(actor: Actor, wanted: ItemFilter) -> QuerySet[ActionItem]:
    """Query of the items that match a filter."""
    rows = _detailed(actor)
    if wanted.status == "unfinished":
        rows = rows.filter(status__in=UNFINISHED)
    elif wanted.status not in ("", "all"):
        rows = rows.filter(status=wanted.status)
    for name in ("kind", "priority"):
        if value := getattr(wanted, name):
            rows = rows.filter(**{name: value})
    rows = rows.filter(_owner(actor, wanted.owner), _due(wanted.due), _fix(actor, wanted.fix))
    if first := parse_day(wanted.due_from):
        rows = rows.filter(due_date__gte=first)
    if until := parse_day(wanted.due_until):
        rows = rows.filter(due_date__lt=until)
    if wanted.incident:
        rows = rows.filter(incident__number=parse_reference(wanted.incident))
    if wanted.component:
        rows = rows.filter(incident__affected__component__name=wanted.component)
    if wanted.text:
        rows = rows.filter(Q(title__icontains=wanted.text) | Q(description__icontains=wanted.text))
    return rows


def _owner(actor: Actor, owner: str) -> Q:
    if not owner:
        return Q()
    if owner in ("none", "nobody"):
        return Q(assignee=None)
    return Q(assignee_id=actor.user_id or 0) if owner == "me" else Q(assignee__username__iexact=owner)


def _fix(actor: Actor, verdict: str) -> Q:
    if not verdict:
        return Q()
    return Q(pk__in=FixWatch.objects.of(actor.workspace_id).filter(verdict=verdict).values("item_id"))


def _due(due: str) -> Q:
    now = today()
    if due == "overdue":
        return Q(due_date__lt=now, status__in=UNFINISHED)
    in_time = Q(status=ItemStatus.DONE, completed_at__date__lte=F("due_date"))
    if due == "in_time":
        return in_time
    if due == "late":
        done_late = Q(status=ItemStatus.DONE, completed_at__date__gt=F("due_date"))
        return done_late | Q(due_date__lt=now, status__in=UNFINISHED)
    if due == "week":
        return Q(due_date__gte=now, due_date__lte=date.fromordinal(now.toordinal() + 7))
    return Q(due_date=None) if due == "none" else Q()


def today() -> date:
    """Today in the viewer's time zone."""
    return timezone.localdate()


def _detailed(actor: Actor) -> QuerySet[ActionItem]:
    return _seen(actor.workspace_id, actor.viewer)


def _seen(workspace_id: int, viewer: int) -> QuerySet[ActionItem]:
    rows = ActionItem.objects.of(workspace_id).filter(is_seen(workspace_id, viewer, "incident"))
    return rows.select_related("incident", "assignee")
