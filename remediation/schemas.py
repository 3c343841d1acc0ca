"""Schemas of the remediation API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

from remediation.catalogue.models import RemediationAction
from remediation.runs.models import RemediationRun
from remediation.runs.selectors import Plan, approvals_of
from remediation.runs.services.approving import missing_text
from remediation.vocabulary import ExecutorKind, Risk, RunState


class ActionOut(Schema):
    """The current version of an action."""

    slug: str = Field(examples=["restart_service"])
    name: str
    when: str
    risk: Risk
    executor: ExecutorKind
    incident_types: list[str]
    steps: list[str]
    config: dict[str, Any]
    timeout_s: int
    health_url: str
    rollback: str
    cooldown_s: int
    enabled: bool
    version: str = Field(description="SHA-256 of the content.")


class RecommendedOut(Schema):
    """An action for an incident. `risk` includes the tier of the incident's component."""

    action: str
    name: str
    when: str
    risk: Risk
    executor: ExecutorKind
    recommended: bool


class PlanOut(Schema):
    """Actions for an incident."""

    scenario: str
    automatic: bool = Field(description="Whether Tocsin may start low-risk actions automatically.")
    advice: list[str]
    actions: list[RecommendedOut]


class ApprovalOut(Schema):
    """A decision of a person."""

    approver: str
    verdict: Literal["approved", "rejected"]
    note: str
    at: datetime


class RunOut(Schema):
    """A run. To approve it, send the `digest` you were shown."""

    id: int
    incident_id: str = Field(examples=["INC-42"])
    action: str
    target: str
    risk: Risk
    state: RunState
    executor: ExecutorKind
    automatic: bool
    requested_by: str
    preview: str
    digest: str
    missing: str = Field(description="The missing approval; empty if there is none.")
    approvals: list[ApprovalOut]
    reason: str
    output: str
    drill: bool
    expires_at: datetime
    created_at: datetime
    ended_at: datetime | None


class RunIn(Schema):
    """A request of a run."""

    model_config = {"extra": "forbid"}
    action: str = Field(max_length=60, examples=["scale_up"])
    component: str = Field("", max_length=200, description="Empty: the incident's first affected component.")
    arguments: dict[str, str | int] = Field({}, description="Values of the action's parameters.")
    approver: str = Field("", max_length=150, description="User name of the requested approver.")


class ApproveIn(Schema):
    """The digest of what was shown, and a note."""

    model_config = {"extra": "forbid"}
    digest: str = Field(min_length=64, max_length=64)
    note: str = Field("", max_length=2000)


class RunNoteIn(Schema):
    """A reason."""

    model_config = {"extra": "forbid"}
    note: str = Field("", max_length=2000)


class OutcomeIn(Schema):
    """Outcome of a manual or unknown run."""

    model_config = {"extra": "forbid"}
    outcome: Literal["succeeded", "failed", "abandoned"]
    note: str = Field("", max_length=2000)


class ActionPatch(Schema):
    """Fields to change; omitted fields stay as they are. Creates a new version. `secrets` is write-only."""

    model_config = {"extra": "forbid"}
    name: str | None = Field(None, min_length=1, max_length=100)
    when: str | None = Field(None, max_length=300)
    risk: Risk | None = None
    executor: ExecutorKind | None = None
    steps: list[str] | None = Field(None, max_length=50)
    config: dict[str, Any] | None = None
    timeout_s: int | None = Field(None, ge=1, le=3600)
    health_url: str | None = Field(None, max_length=500)
    rollback: str | None = Field(None, max_length=60)
    cooldown_s: int | None = Field(None, ge=0, le=86_400)
    secrets: dict[str, str] | None = None


def action_json(row: RemediationAction) -> dict[str, Any]:
    """An action as ActionOut."""
    names = ("slug", "name", "when", "risk", "executor", "incident_types", "steps", "config", "timeout_s")
    more = ("health_url", "rollback", "cooldown_s", "version")
    return {name: getattr(row, name) for name in (*names, *more)} | {"enabled": row.is_enabled}


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as PlanOut."""
    actions = [
        {
            "action": one.action.slug, "name": one.action.name, "when": one.action.when, "risk": one.risk,
            "executor": one.action.executor, "recommended": one.is_recommended,
        }
        for one in plan.recommendations
    ]  # fmt: skip
    scenario = plan.scenario
    return {
        "scenario": scenario.title,
        "automatic": scenario.automatic,
        "advice": list(scenario.advice),
        "actions": actions,
    }


def run_json(run: RemediationRun) -> dict[str, Any]:
    """A run as RunOut."""
    approvals = [
        {"approver": one.approver.label, "verdict": one.verdict, "note": one.note, "at": one.created_at}
        for one in approvals_of(run)
    ]
    waits = run.state == RunState.AWAITING_APPROVAL
    return {
        "id": run.pk, "incident_id": run.incident.reference, "action": run.action.slug,
        "target": run.snapshot.get("target", ""), "risk": run.risk, "state": run.state,
        "executor": run.action.executor, "automatic": run.is_automatic, "requested_by": run.requested_label,
        "preview": run.preview, "digest": run.digest, "missing": missing_text(run) if waits else "",
        "approvals": approvals, "reason": run.reason, "output": run.output, "drill": run.is_drill,
        "expires_at": run.expires_at, "created_at": run.created_at, "ended_at": run.ended_at,
    }  # fmt: skip
