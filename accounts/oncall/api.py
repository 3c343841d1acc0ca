"""API of on-call schedules, shifts and calendar feeds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.oncall import as_json
from accounts.oncall.schemas import (
    CalendarIn,
    OverrideIn,
    OverrideOut,
    RotationIn,
    RotationOut,
    ScheduleDetailOut,
    ScheduleIn,
    ScheduleNowOut,
    ScheduleOut,
    SchedulePatchIn,
    ShiftOut,
    SwapIn,
)
from accounts.oncall.selectors import schedule_for, schedule_views, shifts_between
from accounts.oncall.services import imports, overrides, schedules
from accounts.oncall.validation import RotationValues
from accounts.schemas import Moment
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only

router = Router(tags=["On call"])
DEFAULT_AHEAD: Final = timedelta(days=14)


class ScheduleId(Schema):
    """A schedule of the workspace."""

    schedule_id: int = Field(ge=0, le=2**62)


class LayerId(ScheduleId):
    """A layer of a schedule."""

    layer: int = Field(ge=1, le=10)


class OverrideId(Schema):
    """An override."""

    override_id: int = Field(ge=0, le=2**62)


class ShiftQuery(Schema):
    """Filter of shifts: those that overlap `from`–`until`, by default the next 14 days."""

    from_: Moment | None = Field(None, alias="from")
    until: Moment | None = None
    schedule_id: int | None = Field(None, ge=0, le=2**62)


@router.get("", response=list[ScheduleNowOut], summary="Who is on call")
def who_is_on_call(request: HttpRequest) -> Any:
    """Return every schedule with who is on call now and next, and its gaps in the next 14 days."""
    known_only(request, ())
    return [as_json.view_json(view) for view in schedule_views(actor_in(request), now=timezone.now())]


@router.get("/shifts", response=list[ShiftOut], summary="List shifts")
def list_shifts(request: HttpRequest, query: Query[ShiftQuery]) -> Any:
    """List shifts by start, at most 1,000; shifts exist 60 days ahead."""
    known_only(request, ("from", "until", "schedule_id"))
    start: datetime = query.from_ or timezone.now()
    end: datetime = query.until or start + DEFAULT_AHEAD
    found = shifts_between(actor_in(request), start, end, schedule_id=query.schedule_id)
    return [as_json.shift_json(shift) for shift in found]


@router.post("/schedules", response={201: ScheduleOut}, summary="Create a schedule")
def create(request: HttpRequest, body: ScheduleIn) -> Any:
    """Create a schedule. The first one becomes the default of the workspace."""
    actor = actor_in(request)
    made = schedules.create_schedule(actor, name=body.name, time_zone=body.time_zone)
    return Status(201, as_json.schedule_json(actor, made))


@router.get("/schedules/{schedule_id}", response=ScheduleDetailOut, summary="Show a schedule")
def show(request: HttpRequest, where: Path[ScheduleId]) -> Any:
    """Return a schedule with its layers, and current and coming overrides."""
    known_only(request, ())
    actor = actor_in(request)
    return as_json.detail_json(actor, schedule_for(actor, where.schedule_id), now=timezone.now())


@router.patch("/schedules/{schedule_id}", response=ScheduleOut, summary="Change a schedule")
def patch(request: HttpRequest, where: Path[ScheduleId], body: SchedulePatchIn) -> Any:
    """Change its name, its time zone, or whether it is the default."""
    actor = actor_in(request)
    before = schedule_for(actor, where.schedule_id)
    changed = schedules.edit_schedule(
        actor,
        schedule_id=before.pk,
        name=body.name or before.name,
        time_zone=body.time_zone or before.time_zone,
        version=body.version,
    )
    if body.is_default:
        schedules.set_default_schedule(actor, schedule_id=before.pk)
    return as_json.schedule_json(actor, changed)


@router.delete("/schedules/{schedule_id}", response={204: None}, summary="Delete a schedule")
def delete(request: HttpRequest, where: Path[ScheduleId]) -> Any:
    """Delete a schedule with its shifts and overrides."""
    schedules.delete_schedule(actor_in(request), schedule_id=where.schedule_id)
    return Status(204, None)


@router.put("/schedules/{schedule_id}/rotations/{layer}", response=RotationOut, summary="Set a layer")
def put_layer(request: HttpRequest, where: Path[LayerId], body: RotationIn) -> Any:
    """Create or replace a layer. Coming shifts follow; past ones stay."""
    actor = actor_in(request)
    values = RotationValues(**body.model_dump())
    made = schedules.put_rotation(actor, schedule_id=where.schedule_id, layer=where.layer, values=values)
    return as_json.rotation_json(made, as_json.usernames(actor, made.participants))


@router.delete("/schedules/{schedule_id}/rotations/{layer}", response={204: None}, summary="Remove a layer")
def delete_layer(request: HttpRequest, where: Path[LayerId]) -> Any:
    """Delete a layer. Coming shifts follow; past ones stay."""
    schedules.remove_rotation(actor_in(request), schedule_id=where.schedule_id, layer=where.layer)
    return Status(204, None)


@router.post("/schedules/{schedule_id}/overrides", response={201: OverrideOut}, summary="Create an override")
def add_override(request: HttpRequest, where: Path[ScheduleId], body: OverrideIn) -> Any:
    """Add an override. Managers put anyone on call, responders themselves."""
    actor = actor_in(request)
    made = overrides.create_override(actor, schedule_id=where.schedule_id, **body.model_dump())
    return Status(201, as_json.override_json(made))


@router.delete("/overrides/{override_id}", response={204: None}, summary="Remove an override")
def delete_override(request: HttpRequest, where: Path[OverrideId]) -> Any:
    """Delete an override and the other half of its swap. The part that has passed stays in the shifts."""
    overrides.remove_override(actor_in(request), override_id=where.override_id)
    return Status(204, None)


@router.post("/swaps", response={201: list[OverrideOut]}, summary="Swap two shifts")
def swap(request: HttpRequest, body: SwapIn) -> Any:
    """Swap two shifts. Managers swap any two of a schedule, responders one of their own."""
    made = overrides.swap_shifts(actor_in(request), **body.model_dump())
    return Status(201, [as_json.override_json(one) for one in made])


@router.put("/schedules/{schedule_id}/calendar", response=ScheduleOut, summary="Import a calendar")
def put_calendar(request: HttpRequest, where: Path[ScheduleId], body: CalendarIn) -> Any:
    """Import a calendar, whose events become the shifts: a URL is read every 10 minutes, a text once a day.

    People are matched by attendee, or by an address or name in the summary; `unmatched` lists the others. The
    URL is stored encrypted and never returned.
    """
    actor = actor_in(request)
    data = body.text.encode()
    made = imports.set_calendar(actor, schedule_id=where.schedule_id, url=body.url, data=data)
    return as_json.schedule_json(actor, made)


@router.delete("/schedules/{schedule_id}/calendar", response=ScheduleOut, summary="Stop the import")
def delete_calendar(request: HttpRequest, where: Path[ScheduleId]) -> Any:
    """Stop importing: the schedule uses its layers again; past shifts stay."""
    actor = actor_in(request)
    return as_json.schedule_json(actor, imports.stop_import(actor, schedule_id=where.schedule_id))
