"""Creates and changes action items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, NotFound, Problem
from core.outbox.events import publish
from incidents.models import Incident
from incidents.privacy.selectors import seen_with
from incidents.roles.services import member_of
from incidents.selectors import incident_for
from incidents.timeline.actor_keys import actor_key
from incidents.validation import clean_line, clean_text, clean_title, invalid
from postmortems.action_items.models import ActionItem, ActionItemCounter, ItemKind, ItemStatus
from postmortems.action_items.selectors import parse_item_reference, parse_status
from postmortems.documents.selectors import postmortem_of
from postmortems.drafting.services import refresh_facts
from postmortems.events import ActionItemChanged
from postmortems.learning.lessons import parse_priority
from postmortems.trackers.links import OutsideLink, read_link

MIN_WORDS: Final = 3
MAX_ITEMS: Final = 200  # per incident
MAX_BULK: Final = 200
MAX_DESCRIPTION_CHARS: Final = 5000
MAX_YEARS_AHEAD: Final = 10
EDITABLE: Final = (
    "title", "description", "assignee", "status", "priority", "kind", "due_date", "cancelled_reason",
    "reopened_reason", "outside_url",
)  # fmt: skip


def create_item(
    actor: Actor, reference: int | str, *, title: str, request_key: str = "", **fields: Any
) -> ActionItem:
    """Create an action item of an incident. Idempotent by `request_key`.

    `fields`: description, assignee (a user name), status, priority, kind, due_date. A due date in the past is
    allowed: the item is then overdue. Raises Invalid (field), NotFound, Forbidden.
    """
    require(actor, Capability.ACTION_ITEMS_WRITE)
    incident = incident_for(actor, reference)
    item = ActionItem(
        workspace_id=actor.workspace_id, incident_id=incident.pk, title=_clean_item_title(title)
    )
    for name, value in fields.items():
        _set(actor, item, name, value)
    item.request_key = _digest(actor, request_key)
    with transaction.atomic():
        number = _next_number(actor.workspace_id)
        again = _written_before(item)
        if again is not None:
            transaction.set_rollback(True)
            return again
        _refuse_too_many(incident)
        item.number, item.created_by_label = number, actor.label[:150]
        item.postmortem = postmortem_of(actor, incident)
        item.save(force_insert=True)
        _finish(actor, item, "action_item.create", f"{actor.label} added {item.reference}: {item.title}", {})
    return item


def update_item(
    actor: Actor, reference: int | str, *, version: int | None = None, **fields: Any
) -> ActionItem:
    """Update the given fields of an action item. Raises Invalid, Conflict (stale), NotFound, Forbidden."""
    require(actor, Capability.ACTION_ITEMS_WRITE)
    number = parse_item_reference(reference)
    with transaction.atomic():
        rows = ActionItem.objects.of(actor.workspace_id).filter(seen_with(actor), number=number)
        item: ActionItem | None = (
            rows.select_related("incident", "assignee").select_for_update(of=("self",)).first()
        )
        if item is None:
            raise NotFound(f"There is no ACT-{number} in this workspace.")
        incident_for(actor, item.incident.number)
        if version is not None and version != item.version:
            raise Conflict(
                f"{item.reference} has changed since you read it: it is at version {item.version}, you sent "
                f"{version}. Nothing was changed.",
                extra={"current": {"version": item.version, "title": item.title, "status": item.status}},
            )
        before = _values(item)
        for name, value in fields.items():
            _set(actor, item, name, value)
        changes = {name: [before[name], now] for name, now in _values(item).items() if before[name] != now}
        if changes:
            item.version += 1
            item.updated_at = timezone.now()
            item.save()
            words = ", ".join(f"{name}: {old or '-'} → {new or '-'}" for name, (old, new) in changes.items())
            _finish(actor, item, "action_item.edit", f"{item.reference} changed ({words})", changes)
    return item


@dataclass(frozen=True)
class BulkOutcome:
    """Outcome for one item of a bulk edit; `why` is empty if it was changed."""

    reference: str
    why: str = ""


def update_items(actor: Actor, references: Sequence[int | str], **fields: Any) -> list[BulkOutcome]:
    """Apply the same change to up to 200 items, each in its own transaction. Raises Invalid, Forbidden."""
    require(actor, Capability.ACTION_ITEMS_WRITE)
    if not references or len(references) > MAX_BULK:
        raise invalid("items", "max_items", f"must be 1 to {MAX_BULK}")
    return [_try(actor, reference, fields) for reference in dict.fromkeys(references)]


def _try(actor: Actor, reference: int | str, fields: Mapping[str, Any]) -> BulkOutcome:
    try:
        return BulkOutcome(update_item(actor, reference, **fields).reference)
    except Problem as problem:
        return BulkOutcome(str(reference), problem.detail)


def _set(actor: Actor, item: ActionItem, name: str, value: Any) -> None:
    if name not in EDITABLE:
        raise TypeError(f"an action item has no field {name}")
    setters = {
        "title": lambda: setattr(item, "title", _clean_item_title(value)),
        "description": lambda: setattr(item, "description", _clean_description(value)),
        "assignee": lambda: setattr(item, "assignee", member_of(actor.workspace_id, value or None, None)),
        "status": lambda: _set_status(item, parse_status(value)),
        "priority": lambda: setattr(item, "priority", parse_priority(value)),
        "kind": lambda: setattr(item, "kind", _parse_kind(value)),
        "due_date": lambda: setattr(item, "due_date", _clean_due(value)),
        "cancelled_reason": lambda: setattr(
            item, "cancelled_reason", clean_line("cancelled_reason", value, 500) if value else ""
        ),
        "outside_url": lambda: _set_link(item, value or ""),
        "reopened_reason": lambda: setattr(item, "reopened_reason", str(value)[:500]),
    }
    setters[name]()


def _set_status(item: ActionItem, status: str) -> None:
    if status == ItemStatus.DONE and item.status != ItemStatus.DONE:
        item.completed_at = timezone.now()
    elif status != ItemStatus.DONE:
        item.reopened_count += item.status == ItemStatus.DONE
        item.completed_at = None
    if item.status != status:
        item.status_at = timezone.now()
    item.status = status


def _set_link(item: ActionItem, url: str) -> None:
    """Link an external issue; the state of a previous one is reset."""
    link = read_link(url) if url.strip() else OutsideLink("", "", "")
    if link.key:
        rows = ActionItem.objects.of(item.workspace_id).exclude(pk=item.pk)
        taken = rows.filter(outside_system=link.system, outside_key=link.key).first()
        if taken is not None:
            raise invalid("outside_url", "unique", f"is already linked to {taken.reference}")
    if (item.outside_system, item.outside_key) != (link.system, link.key):
        item.outside_state, item.outside_at = "", None
    item.outside_url, item.outside_system, item.outside_key = link.url, link.system, link.key


def _clean_item_title(title: str) -> str:
    line = clean_title(title)
    if len(line.split()) < MIN_WORDS:
        raise invalid("title", "min_words", f"must describe what to do, in {MIN_WORDS} words or more")
    return line


def _clean_description(text: str) -> str:
    cleaned = clean_text("description", text)
    if len(cleaned) > MAX_DESCRIPTION_CHARS:
        raise invalid("description", "max_length", f"must have at most {MAX_DESCRIPTION_CHARS} characters")
    return cleaned


def _parse_kind(word: str) -> str:
    found = word.strip().lower()
    if found not in ItemKind.values:
        raise invalid("kind", "choice", f"must be one of {', '.join(ItemKind.values)}")
    return found


def _clean_due(due: date | None) -> date | None:
    if due is None:
        return None
    today = timezone.localdate()
    limit = timedelta(days=366 * MAX_YEARS_AHEAD)
    if not today - limit <= due <= today + limit:
        raise invalid("due_date", "range", f"must lie within {MAX_YEARS_AHEAD} years of today")
    return due


def _next_number(workspace_id: int) -> int:
    ActionItemCounter.objects.get_or_create(workspace_id=workspace_id)
    counter = ActionItemCounter.objects.select_for_update().get(workspace_id=workspace_id)
    counter.last_number += 1
    counter.save(update_fields=["last_number"])
    return counter.last_number


def _refuse_too_many(incident: Incident) -> None:
    if ActionItem.objects.of(incident.workspace_id).filter(incident_id=incident.pk).count() >= MAX_ITEMS:
        raise invalid("title", "max_items", f"cannot be added: {incident.reference} has {MAX_ITEMS} items")


def _digest(actor: Actor, key: str) -> str:
    if not key:
        return ""
    return sha256(f"{actor_key(actor)}\n{clean_line('request_key', key)}".encode()).hexdigest()


def _written_before(item: ActionItem) -> ActionItem | None:
    if not item.request_key:
        return None
    rows = ActionItem.objects.of(item.workspace_id).filter(request_key=item.request_key)
    found: ActionItem | None = rows.select_related("incident", "assignee").first()
    return found


def _values(item: ActionItem) -> dict[str, str]:
    assignee = item.assignee.username if item.assignee else ""
    due = item.due_date.isoformat() if item.due_date else ""
    plain = {name: str(getattr(item, name)) for name in EDITABLE if name not in ("assignee", "due_date")}
    return plain | {"assignee": assignee, "due_date": due}


def _finish(actor: Actor, item: ActionItem, action: str, summary: str, changes: Mapping[str, Any]) -> None:
    record(actor, action=action, target=item, summary=summary, changes=changes)
    incident = item.incident
    publish(
        ActionItemChanged(item.workspace_id, item.pk, item.number, incident.pk, incident.number, item.status)
    )
    refresh_facts(actor, incident.pk)
