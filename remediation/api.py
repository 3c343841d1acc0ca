"""The API of remediation."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from accounts.models import Membership
from core.errors import FieldFault, Invalid
from incidents.selectors import incident_for
from remediation.catalogue.services import change_action, enable_action
from remediation.runs.selectors import action_named, actions_of, history, plan_for, run_for, runs_of
from remediation.runs.services.approving import approve_run, cancel_run, reject_run, start_proposed
from remediation.runs.services.proposing import Request, request_run
from remediation.runs.services.settling import half_open, report_outcome
from remediation.schemas import (
    ActionOut,
    ActionPatch,
    ApproveIn,
    OutcomeIn,
    PlanOut,
    RunIn,
    RunNoteIn,
    RunOut,
    action_json,
    plan_json,
    run_json,
)
from remediation.vocabulary import RunState

router = Router(tags=["Remediation"])
incident_router = Router(tags=["Remediation"])
MAX_ID: Final = 2**63 - 1


class RunId(Schema):
    """A run."""

    run_id: int = Field(ge=1, le=MAX_ID)


class HistoryQuery(Schema):
    """Filter of the history, newest first; `before` is the id of the last run seen."""

    before: int | None = Field(None, ge=1, le=MAX_ID)
    state: RunState | None = None


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = vars(request)["auth"]
    return actor


@incident_router.get("/{reference}/actions", response=PlanOut, summary="List actions for an incident")
def list_plan(request: HttpRequest, reference: str) -> Any:
    """Recommended actions first, with their risk for the incident's component, and advice for manual work."""
    return plan_json(plan_for(_actor(request), incident_for(_actor(request), reference)))


@incident_router.get("/{reference}/runs", response=list[RunOut], summary="List the runs of an incident")
def list_incident_runs(request: HttpRequest, reference: str) -> Any:
    """Newest first."""
    actor = _actor(request)
    return [run_json(run) for run in runs_of(actor, incident_for(actor, reference))]


@incident_router.post("/{reference}/runs", response={201: RunOut}, summary="Request a run")
def request(request: HttpRequest, reference: str, body: RunIn) -> Any:
    """Low risk starts at once; medium and high await approval. `approver` notifies that person.

    Idempotent by `Idempotency-Key`.
    """
    actor = _actor(request)
    wanted = Request(
        body.action,
        body.component,
        dict(body.arguments),
        request.headers.get("Idempotency-Key", "")[:100],
        _user_id(actor, body.approver),
    )
    return Status(201, run_json(run_for(actor, request_run(actor, reference, wanted).pk)))


def _user_id(actor: Actor, username: str) -> int | None:
    if not username:
        return None
    member: Membership | None = (
        Membership.objects.of(actor.workspace_id).filter(user__username=username).first()
    )
    if member is None:
        fault = FieldFault("approver", "known", f"{username!r} is not a member of this workspace")
        raise Invalid("Nothing was requested.", faults=[fault])
    return int(member.user_id)


@router.get("/actions", response=list[ActionOut], summary="List the catalogue of actions")
def list_actions(request: HttpRequest) -> Any:
    """The current versions of all actions."""
    return [action_json(row) for row in actions_of(_actor(request))]


@router.get("/actions/{action}", response=ActionOut, summary="Show an action")
def show_action(request: HttpRequest, action: str) -> Any:
    """The current version."""
    return action_json(action_named(_actor(request), action))


@router.patch("/actions/{action}", response=ActionOut, summary="Change an action")
def patch_action(request: HttpRequest, action: str, body: ActionPatch) -> Any:
    """Creates a new version; runs that await approval of the old one become void."""
    fields = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    secrets = fields.pop("secrets", None)
    return action_json(change_action(_actor(request), action, fields=fields, secrets=secrets))


@router.post("/actions/{action}/enable", response=ActionOut, summary="Enable an action")
def enable(request: HttpRequest, action: str) -> Any:
    """Idempotent."""
    return action_json(enable_action(_actor(request), action, is_enabled=True))


@router.post("/actions/{action}/disable", response=ActionOut, summary="Disable an action")
def disable(request: HttpRequest, action: str) -> Any:
    """Prevents new runs; waiting ones become void when they would start."""
    return action_json(enable_action(_actor(request), action, is_enabled=False))


@router.post("/actions/{action}/try-again", response=ActionOut, summary="Allow one automatic run")
def try_again(request: HttpRequest, action: str) -> Any:
    """After too many failures stopped automatic runs of an action, allows exactly one as a trial."""
    half_open(_actor(request), action)
    return action_json(action_named(_actor(request), action))


@router.get("/runs", response=list[RunOut], summary="List runs")
def list_runs(request: HttpRequest, query: Query[HistoryQuery]) -> Any:
    """Runs of the workspace, at most 100."""
    state = query.state.value if query.state else ""
    return [run_json(run) for run in history(_actor(request), before=query.before, state=state)]


@router.get("/runs/{run_id}", response=RunOut, summary="Show a run")
def show_run(request: HttpRequest, where: Path[RunId]) -> Any:
    """Its state, dry run, approvals and output."""
    return run_json(run_for(_actor(request), where.run_id))


@router.post("/runs/{run_id}/approve", response=RunOut, summary="Approve a run")
def approve(request: HttpRequest, where: Path[RunId], body: ApproveIn) -> Any:
    """Requires a person: machine tokens are refused. 409 if the run would no longer do what was shown."""
    return run_json(approve_run(_actor(request), where.run_id, digest=body.digest, note=body.note, via="api"))


@router.post("/runs/{run_id}/reject", response=RunOut, summary="Reject a run")
def reject(request: HttpRequest, where: Path[RunId], body: RunNoteIn) -> Any:
    """Requires a person."""
    return run_json(reject_run(_actor(request), where.run_id, note=body.note, via="api"))


@router.post("/runs/{run_id}/cancel", response=RunOut, summary="Cancel a run that has not started")
def cancel(request: HttpRequest, where: Path[RunId], body: RunNoteIn) -> Any:
    """Idempotent."""
    return run_json(cancel_run(_actor(request), where.run_id, note=body.note))


@router.post("/runs/{run_id}/start", response=RunOut, summary="Start a proposed low-risk run")
def start(request: HttpRequest, where: Path[RunId]) -> Any:
    """For runs that were only proposed because automatic runs were stopped."""
    return run_json(start_proposed(_actor(request), where.run_id))


@router.post("/runs/{run_id}/outcome", response=RunOut, summary="Report the outcome of a run")
def outcome(request: HttpRequest, where: Path[RunId], body: OutcomeIn) -> Any:
    """For a manual run, or one whose outcome is unknown."""
    return run_json(report_outcome(_actor(request), where.run_id, outcome=body.outcome, note=body.note))
