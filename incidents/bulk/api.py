"""API of actions on many incidents at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field

from accounts.actor import Actor
from accounts.tokens.api_authentication import actor_in
from core.errors import Invalid, NotFound
from incidents.bulk.models import BulkAction, BulkKind, Outcome
from incidents.bulk.selectors import action_of, may_undo, steps_of
from incidents.bulk.services.actions import MAX_INCIDENTS, Pick, act_on_many
from incidents.bulk.services.undo import undo_action
from incidents.reference import parse_reference
from incidents.reference import reference as reference_of
from incidents.validation import NAME_LENGTH, TEXT_LENGTH, invalid

router = Router(tags=["Incidents"])
MAX_ID = 2**63 - 1
MAX_VERSION = 2**31 - 1


class PickIn(Schema):
    """One incident."""

    model_config = ConfigDict(extra="forbid")
    incident: str = Field(max_length=60, examples=["INC-42"], description="`INC-42`, `inc_00042` or `42`.")
    version: int | None = Field(
        None, ge=1, le=MAX_VERSION, description="The version that was read: a newer one is refused."
    )


class BulkActionIn(Schema):
    """What to do with which incidents."""

    model_config = ConfigDict(extra="forbid")
    kind: BulkKind = Field(description="What to do.")
    incidents: list[PickIn] = Field(
        min_length=1, max_length=MAX_INCIDENTS, description=f"1 to {MAX_INCIDENTS} incidents."
    )
    username: str = Field(
        "", max_length=NAME_LENGTH, description="With `assign`: the new commander; empty: no one."
    )
    message: str = Field("", max_length=TEXT_LENGTH, description="For the timeline of each.")


class BulkStepOut(Schema):
    """Outcome for one incident."""

    incident: str = Field(description="Reference of the incident.", examples=["INC-42"])
    outcome: Outcome = Field(description="Outcome.")
    why: str = Field(description="Why it was refused; empty: it was not.")
    undo: str = Field(description="Outcome of undoing it; empty: not undone.")
    undo_why: str = Field(description="Why it was not undone.")


class BulkActionOut(Schema):
    """An action on many incidents, and the outcome of each."""

    id: int = Field(description="Id of the action.")
    kind: BulkKind = Field(description="What was done.")
    made_at: datetime = Field(description="When, in UTC.")
    undone_at: datetime | None = Field(description="When it was undone; null: it was not.")
    may_undo: bool = Field(description="Whether it can still be undone.")
    steps: list[BulkStepOut] = Field(description="One for each incident, by number.")


class BulkActionId(Schema):
    """A bulk action of the caller."""

    action_id: int = Field(ge=1, le=MAX_ID, description="Id of the action.")


@router.post("", response=BulkActionOut, summary="Act on many incidents")
def act(request: HttpRequest, body: BulkActionIn) -> Any:
    """Acknowledge, assign or resolve each incident.

    One that is refused stops no other, and its step says why. The same request sent again changes nothing
    twice and returns the same action. Without a `version` it acts again on an incident that changed since.
    """
    actor = actor_in(request)
    action = act_on_many(
        actor,
        kind=body.kind,
        picks=[Pick(_number(at, pick.incident), pick.version) for at, pick in enumerate(body.incidents)],
        username=body.username,
        message=body.message,
    )
    return _json(actor, action)


@router.get("/{action_id}", response=BulkActionOut, summary="Show an action on many incidents")
def show(request: HttpRequest, where: Path[BulkActionId]) -> Any:
    """Return a bulk action of the caller."""
    actor = actor_in(request)
    return _json(actor, action_of(actor, where.action_id))


@router.post("/{action_id}/undo", response=BulkActionOut, summary="Undo an action on many incidents")
def undo(request: HttpRequest, where: Path[BulkActionId]) -> Any:
    """Undo within ten minutes; an incident that was changed since is skipped, and its step says so."""
    actor = actor_in(request)
    return _json(actor, undo_action(actor, action_id=where.action_id))


def _number(position: int, reference: str) -> int:
    try:
        return parse_reference(reference)
    except (Invalid, NotFound) as error:
        message = "must be an incident, such as INC-42"
        raise invalid(f"incidents[{position}].incident", "reference", message) from error


def _json(actor: Actor, action: BulkAction) -> dict[str, Any]:
    steps = [
        {
            "incident": reference_of(step.number), "outcome": step.outcome, "why": step.why,
            "undo": step.undo, "undo_why": step.undo_why,
        }
        for step in steps_of(actor, action)
    ]  # fmt: skip
    return {
        "id": action.pk, "kind": action.kind, "made_at": action.made_at, "undone_at": action.undone_at,
        "may_undo": may_undo(action), "steps": steps,
    }  # fmt: skip
