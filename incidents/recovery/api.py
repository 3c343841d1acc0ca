"""API of recovery and review of an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from incidents.lifecycle.api import Reference
from incidents.models import Incident
from incidents.recovery.selectors import auto_resolution_of, results_of, title_of, verdict_of
from incidents.recovery.services import clear_verdict, set_verdict
from incidents.selectors import incident_for
from incidents.timeline.schemas import Body

router = Router(tags=["Incidents"])


class CriterionOut(Schema):
    """One exit criterion. Missing data is `unknown`, never `pass`."""

    criterion: str
    title: str
    verdict: Literal["pass", "fail", "unknown"]
    why: str
    positive: bool = Field(description="Whether recovery was observed.")
    measured: bool = Field(description="False: not applicable, so not required.")
    since: datetime
    checked_at: datetime


class RecoveryOut(Schema):
    """State of the recovery, and the review of the incident."""

    incident_id: str = Field(examples=["INC-42"])
    criteria: list[CriterionOut]
    resolved_by_tocsin: bool
    after_its_own_action: bool
    verdict: Literal["real", "false_positive"] | None
    reason: str
    note: str
    reviewed_by: str | None


class VerdictIn(Body):
    """A review. A false positive needs a reason."""

    verdict: Literal["real", "false_positive"]
    reason: str = Field("", max_length=20, examples=["threshold_too_low"])
    note: str = Field("", max_length=500)


@router.get("/{reference}/recovery", response=RecoveryOut, summary="Show exit criteria and verdict")
def recovery(request: HttpRequest, where: Path[Reference]) -> Any:
    """Return the exit criteria, evaluated in the recovery stage; the last results stay."""
    return _shown(incident_for(actor_in(request), where.reference))


@router.put("/{reference}/verdict", response=RecoveryOut, summary="Set the verdict of a detected incident")
def put_verdict(request: HttpRequest, where: Path[Reference], body: VerdictIn) -> Any:
    """Mark it as a real problem or a false positive (idempotent)."""
    actor = actor_in(request)
    given = {"verdict": body.verdict, "reason": body.reason, "note": body.note}
    return _shown(set_verdict(actor, number=where.reference, **given))


@router.delete("/{reference}/verdict", response=RecoveryOut, summary="Withdraw a verdict")
def delete_verdict(request: HttpRequest, where: Path[Reference]) -> Any:
    """Remove the review (idempotent)."""
    return _shown(clear_verdict(actor_in(request), number=where.reference))


def _shown(incident: Incident) -> dict[str, Any]:
    verdict_row, auto = verdict_of(incident), auto_resolution_of(incident)
    criteria = [
        {
            "criterion": one.criterion, "title": title_of(one), "verdict": one.verdict, "why": one.why,
            "positive": one.is_positive, "measured": one.is_measured, "since": one.since,
            "checked_at": one.checked_at,
        }
        for one in results_of(incident)
    ]  # fmt: skip
    return {
        "incident_id": incident.reference,
        "criteria": criteria,
        "resolved_by_tocsin": auto is not None,
        "after_its_own_action": auto is not None and auto.by_action,
        "verdict": verdict_row.verdict if verdict_row else None,
        "reason": verdict_row.reason if verdict_row else "",
        "note": verdict_row.note if verdict_row else "",
        "reviewed_by": verdict_row.reviewed_label if verdict_row else None,
    }
