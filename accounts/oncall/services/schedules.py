"""Creates, changes and deletes on-call schedules and their rotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Membership, OnCallRotation, OnCallSchedule, Workspace
from accounts.oncall.selectors import schedule_for
from accounts.oncall.services.shifts import refill_shifts
from accounts.oncall.validation import MAX_LAYERS, RotationValues, check_rotation, refuse_imported
from accounts.permissions import Capability, require
from accounts.validation import clean_name, clean_time_zone, invalid
from core.errors import Conflict, NotFound

MAX_SCHEDULES: Final = 200


def create_schedule(actor: Actor, *, name: str, time_zone: str = "UTC") -> OnCallSchedule:
    """Create an empty schedule; the first of a workspace becomes its default. Raises Forbidden, Invalid."""
    require(actor, Capability.ONCALL_WRITE)
    fields = {"name": clean_name(name), "time_zone": clean_time_zone(time_zone)}
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        if OnCallSchedule.objects.of(actor.workspace_id).count() >= MAX_SCHEDULES:
            raise invalid("name", "max_items", f"exceeds the limit: a workspace has at most {MAX_SCHEDULES}")
        schedule = OnCallSchedule(workspace_id=actor.workspace_id, **fields)
        _save(schedule)
        if workspace.default_schedule_id is None:
            workspace.default_schedule = schedule
            workspace.save(update_fields=["default_schedule"])
        _record(actor, "oncall.create", schedule, f"created the on-call schedule {schedule.name}")
    return schedule


def edit_schedule(
    actor: Actor, *, schedule_id: int, name: str, time_zone: str, version: int | None = None
) -> OnCallSchedule:
    """Change the name or time zone of a schedule. Raises Forbidden, NotFound, Invalid, Conflict."""
    require(actor, Capability.ONCALL_WRITE)
    wanted = {"name": clean_name(name), "time_zone": clean_time_zone(time_zone)}
    with transaction.atomic():
        schedule = locked_schedule(actor, schedule_id, version)
        changes = {
            field: [getattr(schedule, field), value]
            for field, value in wanted.items()
            if getattr(schedule, field) != value
        }
        if changes:
            for field, (_, value) in changes.items():
                setattr(schedule, field, value)
            schedule.version += 1
            _save(schedule)
            _record(actor, "oncall.edit", schedule, f"changed the schedule {schedule.name}", changes)
            refill_shifts(actor.workspace_id, schedule.pk, now=timezone.now())
    return schedule


def delete_schedule(actor: Actor, *, schedule_id: int) -> None:
    """Delete a schedule with its shifts. Raises Forbidden, NotFound."""
    require(actor, Capability.ONCALL_WRITE)
    with transaction.atomic():
        schedule = locked_schedule(actor, schedule_id)
        _record(actor, "oncall.delete", schedule, f"deleted the on-call schedule {schedule.name}")
        schedule.delete()


def set_default_schedule(actor: Actor, *, schedule_id: int | None) -> None:
    """Make a schedule the default for components without one. Raises Forbidden, NotFound."""
    require(actor, Capability.ONCALL_WRITE)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        schedule = schedule_for(actor, schedule_id) if schedule_id is not None else None
        if workspace.default_schedule_id == schedule_id:
            return
        before, workspace.default_schedule = workspace.default_schedule, schedule
        workspace.save(update_fields=["default_schedule"])
        after = schedule.name if schedule else None
        changes = {"default_schedule": [before.name if before else None, after]}
        summary = f"{actor.label} made {after or 'no schedule'} the default on-call schedule"
        record(actor, action="oncall.default", target=workspace, summary=summary, changes=changes)


def put_rotation(actor: Actor, *, schedule_id: int, layer: int, values: RotationValues) -> OnCallRotation:
    """Create or replace a layer of a manual schedule. Raises Forbidden, NotFound, Invalid, Conflict."""
    require(actor, Capability.ONCALL_WRITE)
    if not 1 <= layer <= MAX_LAYERS:
        raise invalid("layer", "range", f"must be 1 to {MAX_LAYERS}")
    with transaction.atomic():
        schedule = locked_schedule(actor, schedule_id)
        refuse_imported(schedule)
        ids = _member_ids(actor)
        check_rotation(values, ids)
        fields = {name: getattr(values, name) for name in RotationValues.__slots__}
        fields |= {
            "participants": [ids[name] for name in values.participants],
            "active_weekdays": sorted(set(values.active_weekdays)),
        }
        rotation, created = OnCallRotation.objects.of(actor.workspace_id).update_or_create(
            schedule=schedule,
            layer=layer,
            defaults=fields,
            create_defaults=fields | {"workspace_id": actor.workspace_id},
        )
        verb = "added" if created else "changed"
        changes = {"participants": [None, list(values.participants)], "layer": [None, layer]}
        _record(actor, "oncall.rotation", schedule, f"{verb} layer {layer} of {schedule.name}", changes)
        refill_shifts(actor.workspace_id, schedule.pk, now=timezone.now())
    saved: OnCallRotation = rotation
    return saved


def remove_rotation(actor: Actor, *, schedule_id: int, layer: int) -> None:
    """Remove one layer; shifts follow. Raises Forbidden, NotFound."""
    require(actor, Capability.ONCALL_WRITE)
    with transaction.atomic():
        schedule = locked_schedule(actor, schedule_id)
        removed, _ = (
            OnCallRotation.objects.of(actor.workspace_id).filter(schedule=schedule, layer=layer).delete()
        )
        if not removed:
            raise NotFound(f"{schedule.name} has no layer {layer}.")
        _record(actor, "oncall.rotation", schedule, f"removed layer {layer} of {schedule.name}")
        refill_shifts(actor.workspace_id, schedule.pk, now=timezone.now())


def locked_schedule(actor: Actor, schedule_id: int, version: int | None = None) -> OnCallSchedule:
    """Return the schedule, locked until the transaction ends.

    Raises NotFound, Conflict for a stale version.
    """
    rows = OnCallSchedule.objects.of(actor.workspace_id).select_for_update(no_key=True)
    schedule: OnCallSchedule | None = rows.filter(pk=schedule_id).first()
    if schedule is None:
        raise NotFound("There is no such on-call schedule in this workspace.")
    if version is not None and version != schedule.version:
        raise Conflict(
            f"{schedule.name} has changed since you read it: it is at version {schedule.version}. "
            "Nothing was changed.",
            extra={"current": {"name": schedule.name, "version": schedule.version}},
        )
    return schedule


def _member_ids(actor: Actor) -> dict[str, int]:
    members = Membership.objects.of(actor.workspace_id).filter(user__is_active=True)
    return dict(members.values_list("user__username", "user_id"))


def _save(schedule: OnCallSchedule) -> None:
    try:
        with transaction.atomic():
            schedule.save()
    except IntegrityError as error:
        raise invalid("name", "unique", "is used by another schedule") from error


def _record(
    actor: Actor,
    action: str,
    schedule: OnCallSchedule,
    predicate: str,
    changes: Mapping[str, Any] | None = None,
) -> None:
    record(actor, action=action, target=schedule, summary=f"{actor.label} {predicate}", changes=changes)
