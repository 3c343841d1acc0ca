"""The API of trackers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from incidents.timeline.schemas import Body
from postmortems.trackers.models import Tracker
from postmortems.trackers.selectors import address_of, trackers_of
from postmortems.trackers.services import create_tracker, delete_tracker

router = Router(tags=["Trackers"])


class TrackerId(Schema):
    """A tracker."""

    tracker_id: int = Field(ge=0, le=2**62)


class TrackerIn(Body):
    """A new tracker."""

    name: Annotated[str, Field(min_length=1, max_length=80)]


class TrackerOut(Schema):
    """A tracker that reports issue states."""

    id: int
    name: str
    url: str = Field(description="Address of its webhook.")
    last_received_at: datetime | None = Field(description="When it last sent a report; null: never.")
    last_refused_at: datetime | None = Field(description="When it last sent a wrong signature.")
    created_at: datetime


class IssuedTrackerOut(TrackerOut):
    """A new tracker with its secret."""

    secret: str = Field(description="Signs its reports; returned only here.")


def _json(one: Tracker) -> dict[str, Any]:
    names = ("id", "name", "last_received_at", "last_refused_at", "created_at")
    return {name: getattr(one, name) for name in names} | {"url": address_of(one)}


@router.get("", response=list[TrackerOut], summary="List trackers")
def listed(request: HttpRequest) -> Any:
    """By name, without secrets."""
    known_only(request, ())
    return [_json(one) for one in trackers_of(actor_in(request))]


@router.post("", response={201: IssuedTrackerOut}, summary="Create a tracker")
def create(request: HttpRequest, body: TrackerIn) -> Any:
    """The secret is returned only here."""
    issued = create_tracker(actor_in(request), name=body.name)
    made = Tracker.objects.of(issued.row.workspace_id).get(pk=issued.row.pk)
    return Status(201, _json(made) | {"secret": issued.secret})


@router.delete("/{tracker_id}", response={204: None}, summary="Delete a tracker")
def delete(request: HttpRequest, where: Path[TrackerId]) -> Any:
    """Its webhook address then returns 404."""
    delete_tracker(actor_in(request), tracker_id=where.tracker_id)
    return Status(204, None)
