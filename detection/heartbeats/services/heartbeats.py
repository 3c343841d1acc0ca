"""Creates, changes, pauses and deletes heartbeat monitors."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from accounts.tokens.credentials import digest, mint_secret
from core.errors import Conflict, FieldFault, Invalid
from core.secrets.encryption import encrypt
from detection.heartbeats.models import Heartbeat, HeartbeatWatch
from detection.heartbeats.selectors import heartbeat_for
from incidents.vocabulary import Severity

MIN_PERIOD_S: Final = 30
MAX_PERIOD_S: Final = 31 * 86_400
MAX_HEARTBEATS: Final = 1000


@dataclass(frozen=True)
class HeartbeatValues:
    """Fields of a monitor. `component`: empty for one with the monitor's own name."""

    name: str
    period_s: int
    grace_s: int
    component: str = ""
    severity: str = Severity.SEV2


def create_heartbeat(actor: Actor, values: HeartbeatValues) -> Heartbeat:
    """Create a monitor that waits for its first beat. Raises Forbidden, Conflict, Invalid."""
    require(actor, Capability.SOURCES_WRITE)
    name = " ".join(values.name.split())
    if faults := _faults(name, values):
        raise Invalid("The heartbeat was not created.", faults=faults)
    key = mint_secret()
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        rows = Heartbeat.objects.of(actor.workspace_id)
        if rows.count() >= MAX_HEARTBEATS or rows.filter(name=name).exists():
            raise Conflict(
                "A heartbeat with that name exists, or the limit of 1000 is reached. Nothing was created."
            )
        made: Heartbeat = Heartbeat.objects.create(
            workspace_id=actor.workspace_id,
            name=name,
            component=" ".join(values.component.split()) or name,
            severity=values.severity,
            period_s=values.period_s,
            grace_s=values.grace_s,
            digest=digest(key),
            sealed=encrypt(key),
        )
        watch = HeartbeatWatch(workspace_id=actor.workspace_id, looked_at=timezone.now())
        HeartbeatWatch.objects.bulk_create([watch], ignore_conflicts=True)
        summary = f"{actor.label} created the heartbeat {name}"
        record(actor, action="heartbeat.create", target=made, summary=summary)
    return made


def update_heartbeat(actor: Actor, heartbeat_id: int, **changes: Any) -> Heartbeat:
    """Change fields of `HeartbeatValues`; URL, state and incident stay, the deadline moves along.

    Raises Forbidden, NotFound, Conflict, Invalid.
    """
    require(actor, Capability.SOURCES_WRITE)
    heartbeat_for(actor, heartbeat_id)
    with transaction.atomic():
        rows = Heartbeat.objects.of(actor.workspace_id)
        found: Heartbeat = rows.select_for_update(no_key=True).get(pk=heartbeat_id)
        before = HeartbeatValues(**{one.name: getattr(found, one.name) for one in fields(HeartbeatValues)})
        values = _cleaned(replace(before, **changes))
        if faults := _faults(values.name, values):
            raise Invalid("The heartbeat was not changed.", faults=faults)
        if rows.filter(name=values.name).exclude(pk=heartbeat_id).exists():
            raise Conflict(f"Another heartbeat is named {values.name}. Nothing was changed.")
        changed = {
            one.name: [getattr(before, one.name), getattr(values, one.name)]
            for one in fields(values)
            if getattr(values, one.name) != getattr(before, one.name)
        }
        if changed:
            _move_due(found, values, timezone.now())
            for name, (_, value) in changed.items():
                setattr(found, name, value)
            found.save()
            summary = f"{actor.label} changed {', '.join(changed)} of the heartbeat {values.name}"
            record(actor, action="heartbeat.change", target=found, summary=summary, changes=changed)
    return found


def _cleaned(values: HeartbeatValues) -> HeartbeatValues:
    name = " ".join(values.name.split())
    return replace(values, name=name, component=" ".join(values.component.split()) or name)


def _move_due(heartbeat: Heartbeat, values: HeartbeatValues, now: datetime) -> None:
    """Move the deadline by the change of period and grace; a late monitor may be up again."""
    if heartbeat.due_at is None:
        return
    is_late = heartbeat.status == Heartbeat.Status.LATE
    late_at = heartbeat.due_at + timedelta(seconds=values.period_s - heartbeat.period_s)
    late_at -= timedelta(seconds=heartbeat.grace_s if is_late else 0)
    if is_late and late_at > now:
        heartbeat.status, is_late = Heartbeat.Status.UP, False
    heartbeat.due_at = late_at + timedelta(seconds=values.grace_s if is_late else 0)


def _faults(name: str, values: HeartbeatValues) -> list[FieldFault]:
    faults = []
    if not 1 <= len(name) <= 120:
        faults.append(FieldFault("name", "length", "must have 1 to 120 characters"))
    if len(values.component) > 200:
        faults.append(FieldFault("component", "length", "must have at most 200 characters"))
    if values.severity not in Severity.values:
        faults.append(FieldFault("severity", "choice", f"must be one of {', '.join(Severity.values)}"))
    if not MIN_PERIOD_S <= values.period_s <= MAX_PERIOD_S:
        faults.append(FieldFault("period_s", "range", f"must be {MIN_PERIOD_S} to {MAX_PERIOD_S} seconds"))
    if not 0 <= values.grace_s <= MAX_PERIOD_S:
        faults.append(FieldFault("grace_s", "range", f"must be 0 to {MAX_PERIOD_S} seconds"))
    return faults


def set_paused(actor: Actor, heartbeat_id: int, *, paused: bool) -> Heartbeat:
    """Pause a monitor, or make it wait for its next beat. Idempotent. Raises Forbidden, NotFound."""
    require(actor, Capability.SOURCES_WRITE)
    heartbeat_for(actor, heartbeat_id)
    with transaction.atomic():
        rows = Heartbeat.objects.of(actor.workspace_id).select_for_update(no_key=True)
        found: Heartbeat = rows.get(pk=heartbeat_id)
        if paused != (found.status == Heartbeat.Status.PAUSED):
            found.status = Heartbeat.Status.PAUSED if paused else Heartbeat.Status.NEW
            found.due_at = None
            found.save()
            verb = "paused" if paused else "resumed"
            summary = f"{actor.label} {verb} the heartbeat {found.name}"
            record(actor, action=f"heartbeat.{verb[:-1]}", target=found, summary=summary)
    return found


def delete_heartbeat(actor: Actor, heartbeat_id: int) -> None:
    """Delete a monitor; its incident stays. Raises Forbidden, NotFound."""
    require(actor, Capability.SOURCES_WRITE)
    with transaction.atomic():
        found = heartbeat_for(actor, heartbeat_id)
        summary = f"{actor.label} deleted the heartbeat {found.name}"
        record(actor, action="heartbeat.delete", target=found, summary=summary)
        found.delete()
