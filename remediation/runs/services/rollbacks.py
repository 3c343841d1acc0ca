"""Plans declared rollbacks of runs that did not help; rollbacks are never chained."""

from __future__ import annotations

from core.queue.runner import nudge_queue
from remediation.queues import ACTIONS
from remediation.runs.models import RemediationRun, RollbackProposal


def plan_rollback(run: RemediationRun) -> None:
    """Plan to propose the run's declared rollback, in the transaction in which the run ends. Idempotent."""
    if not run.action.rollback or run.rollback_of_id is not None:
        return
    item = RollbackProposal(workspace_id=run.workspace_id, run=run)
    RollbackProposal.objects.bulk_create([item], ignore_conflicts=True)
    nudge_queue(ACTIONS)
