"""The API of escalation policies and of the escalation of an incident."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from accounts.tokens.api_authentication import actor_in
from core.errors import NotFound
from core.http.link_pagination import known_only
from incidents.selectors import incident_for
from notifications.escalation.models import EscalationPolicy
from notifications.escalation.plan import plan_json
from notifications.escalation.present import shown_escalation
from notifications.escalation.schemas import EscalateIn, EscalationOut, PolicyIn, PolicyOut
from notifications.escalation.selectors import (
    escalation_policy_for,
    flags_of,
    policies_of,
    preview,
)
from notifications.escalation.services.by_hand import escalate_now
from notifications.escalation.services.policies import delete_policy, put_policy
from notifications.escalation.state import plan_of
from notifications.escalation.validation import PolicyValues

router = Router(tags=["Escalation"])
incident_router = Router(tags=["Escalation"])


class PolicyId(Schema):
    """An escalation policy."""

    policy_id: int = Field(ge=0, le=2**62)


class Reference(Schema):
    """An incident: `INC-42` or `42`."""

    reference: str = Field(max_length=40)


def policy_json(actor: Actor, policy: EscalationPolicy) -> dict[str, Any]:
    """The fields of `PolicyOut`."""
    shown = ("name", "severities", "types", "components", "repeat", "is_enabled", "version")
    plan = plan_of(policy)
    rows = [{name: getattr(row, name) for name in row.__slots__} for row in preview(actor, policy)]
    return {name: getattr(policy, name) for name in shown} | {
        "id": policy.pk,
        "steps": plan_json(plan)["steps"],
        "preview": rows,
        "flags": flags_of(plan),
    }


def _values(body: PolicyIn) -> PolicyValues:
    return PolicyValues(**body.model_dump(exclude={"version"}, exclude_none=True))


@router.get("", response=list[PolicyOut], summary="List escalation policies")
def list_policies(request: HttpRequest) -> Any:
    """By name, each with its timetable."""
    known_only(request, ())
    actor = actor_in(request)
    return [policy_json(actor, one) for one in policies_of(actor)]


@router.post("", response={201: PolicyOut}, summary="Create an escalation policy")
def create(request: HttpRequest, body: PolicyIn) -> Any:
    """Applies to incidents that open or grow from now on; the most specific matching policy wins."""
    actor = actor_in(request)
    made = put_policy(actor, values=_values(body))
    return Status(201, policy_json(actor, escalation_policy_for(actor, made.pk)))


@router.get("/{policy_id}", response=PolicyOut, summary="Show an escalation policy")
def show(request: HttpRequest, where: Path[PolicyId]) -> Any:
    """With its timetable: who is paged and when, while no one acknowledges."""
    known_only(request, ())
    actor = actor_in(request)
    return policy_json(actor, escalation_policy_for(actor, where.policy_id))


@router.put("/{policy_id}", response=PolicyOut, summary="Replace an escalation policy")
def replace(request: HttpRequest, where: Path[PolicyId], body: PolicyIn) -> Any:
    """Running escalations continue with the previous version."""
    actor = actor_in(request)
    made = put_policy(actor, values=_values(body), policy_id=where.policy_id, version=body.version)
    return policy_json(actor, escalation_policy_for(actor, made.pk))


@router.delete("/{policy_id}", response={204: None}, summary="Delete an escalation policy")
def delete(request: HttpRequest, where: Path[PolicyId]) -> Any:
    """Running escalations continue."""
    delete_policy(actor_in(request), policy_id=where.policy_id)
    return Status(204, None)


@incident_router.get(
    "/{reference}/escalation", response=EscalationOut, summary="Show the escalation of an incident"
)
def show_escalation(request: HttpRequest, where: Path[Reference]) -> Any:
    """Who was paged last, and who is next and when. 404 if no policy matches the incident."""
    known_only(request, ())
    actor = actor_in(request)
    return _escalation_json(actor, where.reference)


@incident_router.post("/{reference}/escalation", response=EscalationOut, summary="Escalate now")
def escalate(request: HttpRequest, where: Path[Reference], body: EscalateIn) -> Any:
    """Runs the next step now, even if acknowledged.

    409 if `place` is given and a step ran since it was read.
    """
    actor = actor_in(request)
    escalate_now(actor, reference=where.reference, cursor=body.place, now=timezone.now())
    return _escalation_json(actor, where.reference)


def _escalation_json(actor: Actor, reference: str) -> dict[str, Any]:
    shown = shown_escalation(actor, incident_for(actor, reference), now=timezone.now())
    if shown is None:
        raise NotFound("This incident has no escalation: no policy matches it.")
    found = shown.escalation
    fields = ("phase", "generation", "due_at", "reaches_no_one")
    return {name: getattr(found, name) for name in fields} | {
        "policy": found.snapshot["name"],
        "round": found.round + 1,
        "step": found.position + 1,
        "holder": found.holder.username if found.holder else None,
        "place": shown.cursor,
        "last_page": shown.paged,
        "last_page_at": shown.paged_at,
        "next_targets": list(shown.next_names),
    }
