"""API of merges and proposals to merge."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from incidents.lifecycle.api import Reference, incident_response
from incidents.lifecycle.schemas import IncidentOut
from incidents.merging.proposals import proposals_for
from incidents.merging.services import dismiss_proposal, merge_incidents, undo_merge
from incidents.selectors import incident_for

router = Router(tags=["Incidents"])


class MergeIn(Schema):
    """Where to merge an incident."""

    model_config = {"extra": "forbid"}

    into: str = Field(max_length=60, description="The incident that stays open: `INC-42` or `42`.")


class ReasonOut(Schema):
    """Why two incidents may be the same problem."""

    kind: str = Field(description="`correlation_id`, `shapes`, `component`, `dependency` or `change`.")
    text: str


class ProposalOut(Schema):
    """An open incident that may be the same problem."""

    incident: str
    title: str
    severity: str
    score: float = Field(description="0.4 to 1; the sum of what the reasons weigh.")
    reasons: list[ReasonOut]


class ProposalReference(Reference):
    """Two incidents."""

    other: str = Field(max_length=60, description="The other incident, spelt as the first may be.")


@router.post("/{reference}/merge", response=IncidentOut, summary="Merge into another incident")
def merge(request: HttpRequest, response: HttpResponse, where: Path[Reference], body: MergeIn) -> Any:
    """Merge: close the incident and move its signals to `into`; returns that incident.

    Undone within 24 hours.
    """
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)  # needed for the response; checked before anything is changed
    return incident_response(merge_incidents(actor, number=where.reference, into=body.into), response)


@router.delete("/{reference}/merge", response=IncidentOut, summary="Undo a merge")
def unmerge(request: HttpRequest, response: HttpResponse, where: Path[Reference]) -> Any:
    """Reopen the merged incident and return its signals; within 24 hours, the newest merge first."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)
    return incident_response(undo_merge(actor, number=where.reference), response)


@router.get("/{reference}/proposals", response=list[ProposalOut], summary="List proposals to merge")
def proposals(request: HttpRequest, where: Path[Reference]) -> Any:
    """List open incidents that may be the same problem, with reasons. Nothing is merged automatically."""
    known_only(request, ())
    actor = actor_in(request)
    return [one.as_json() for one in proposals_for(actor, incident_for(actor, where.reference))]


@router.delete("/{reference}/proposals/{other}", response={204: None}, summary="Dismiss a proposal to merge")
def dismiss(request: HttpRequest, where: Path[ProposalReference]) -> Any:
    """Dismiss a proposal; the pair is proposed again only for another kind of reason."""
    dismiss_proposal(actor_in(request), number=where.reference, other=where.other)
    return Status(204, None)
