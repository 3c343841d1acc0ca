"""Plans notifications of possible approvers."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from core.queue.models import Priority
from incidents.vocabulary import Severity
from notifications.deliveries.planning import plan_page
from notifications.deliveries.snapshot import snapshot_of
from remediation.runs.approvers import approvers_to_notify
from remediation.runs.models import RemediationRun

# At these severities a request is a page; at the others a notice, held in quiet hours.
_URGENT: Final = (Severity.SEV1, Severity.SEV2)


def plan_approver_notices(workspace_id: int, run_id: int) -> int:
    """Plan notifications of a run that awaits approval. Idempotent. Returns how many are new."""
    runs = RemediationRun.objects.of(workspace_id).select_related("action", "incident")
    run: RemediationRun | None = runs.filter(pk=run_id).first()
    if run is None or not (people := approvers_to_notify(run)):
        return 0
    snapshot = snapshot_of(workspace_id, run.incident_id)
    snapshot["url"] = f"{settings.BASE_URL}/remediation/runs/{run.pk}"
    payload = {"event_kind": "page", "snapshot": snapshot, "details": {"message": _message(run)}}
    priority = Priority.PAGE if run.incident.severity in _URGENT else Priority.NOTICE
    return sum(
        plan_page(
            workspace_id, user_id=user_id, event_key=f"run:{run.pk}:approval", event_kind="page",
            payload=payload, why="Approval of a remediation run", priority=priority,
        )
        for user_id in people
    )  # fmt: skip


def _message(run: RemediationRun) -> str:
    target = run.snapshot.get("target") or "the workspace"
    return (
        f"Approval needed: {run.action.name} on {target} ({run.risk} risk), requested by "
        f"{run.requested_label}. It expires at {run.expires_at:%H:%M} UTC."
    )
