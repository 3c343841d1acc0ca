"""Creates trackers, and applies their reports of linked issues."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from accounts.actor import Actor, system_actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import NotFound
from core.secrets.encryption import encrypt
from core.secrets.signing import new_webhook_secret
from incidents.validation import clean_line, invalid
from postmortems.action_items.models import ActionItem, ItemStatus
from postmortems.action_items.services import update_item
from postmortems.trackers.links import read_link
from postmortems.trackers.models import Tracker
from postmortems.trackers.payloads import OutsideChange, read_change

MAX_TRACKERS: Final = 20


@dataclass(frozen=True, slots=True)
class IssuedTracker:
    """A new tracker with its secret, which is shown once."""

    row: Tracker
    secret: str


def create_tracker(actor: Actor, *, name: str) -> IssuedTracker:
    """Create a tracker. Raises Invalid (field `name`), Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    line, secret = clean_line("name", name, 80), new_webhook_secret()
    rows = Tracker.objects.of(actor.workspace_id)
    with transaction.atomic():
        if rows.count() >= MAX_TRACKERS:
            raise invalid("name", "max_items", f"cannot be added: there are {MAX_TRACKERS} trackers")
        if rows.filter(name=line).exists():
            raise invalid("name", "unique", "is used by another tracker")
        made: Tracker = Tracker.objects.create(
            workspace_id=actor.workspace_id, name=line, key=secrets.token_urlsafe(24),
            sealed_secret=encrypt(secret),
        )  # fmt: skip
        record(actor, action="tracker.create", target=made, summary=f"{actor.label} added the tracker {line}")
    return IssuedTracker(made, secret)


def delete_tracker(actor: Actor, *, tracker_id: int) -> None:
    """Delete a tracker; links of action items stay. Raises NotFound, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    with transaction.atomic():
        found: Tracker | None = Tracker.objects.of(actor.workspace_id).filter(pk=tracker_id).first()
        if found is None:
            raise NotFound("There is no such tracker in this workspace.")
        summary = f"{actor.label} removed the tracker {found.name}"
        record(actor, action="tracker.delete", target=found, summary=summary)
        found.delete()


def receive(workspace_id: int, *, tracker: Tracker, body: Mapping[str, Any], now: datetime) -> int:
    """Apply a signed report. Returns how many action items it changed. Raises ValueError for invalid ones."""
    Tracker.objects.of(workspace_id).filter(pk=tracker.pk).update(last_received_at=now)
    change = read_change(body, now)
    if change is None:
        return 0
    link = read_link(change.url)
    rows = ActionItem.objects.of(workspace_id).filter(outside_system=link.system, outside_key=link.key)
    numbers = list(rows.values_list("number", flat=True))
    return sum(_apply(workspace_id, number, change, f"{tracker.name} ({link.shown})") for number in numbers)


def _apply(workspace_id: int, number: int, change: OutsideChange, label: str) -> bool:
    """Apply a change: ignored if older than the last report, only recorded if older than a change here."""
    actor = system_actor(workspace_id, label[:150])
    with transaction.atomic():
        rows = ActionItem.objects.of(workspace_id).filter(number=number)
        item: ActionItem = rows.select_for_update().get()
        if item.outside_at is not None and change.at <= item.outside_at:
            return False
        item.outside_at, item.outside_state = change.at, change.state
        item.save(update_fields=["outside_at", "outside_state"])
        is_newer_here = item.status_at is not None and item.status_at > change.at
        if item.status == change.state or is_newer_here:
            return False
        fields: dict[str, Any] = {"status": change.state}
        if change.state == ItemStatus.CANCELLED:
            fields["cancelled_reason"] = f"Closed as not planned: {label}"
        update_item(actor, number, **fields)
    return True
