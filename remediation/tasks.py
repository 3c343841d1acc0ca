"""Celery tasks and queue handlers of remediation."""

from __future__ import annotations

from celery import shared_task

from core.queue.gate import Gate
from core.queue.handlers import works_on
from remediation.queues import ACTIONS, RUN_DUE
from remediation.runs.models import AutomaticProposal, RollbackProposal
from remediation.runs.services.concurrent_runs import run_due_concurrently
from remediation.runs.services.proposing import propose_automatic, propose_rollback

_gate = Gate()


@shared_task(name=RUN_DUE)
def run_due_runs() -> None:
    """Start approved runs, poll running ones, expire overdue ones."""
    with _gate.turn() as mine:
        if mine:
            run_due_concurrently()


@works_on(ACTIONS, AutomaticProposal)
def propose(item: AutomaticProposal) -> None:
    """Start or propose the low-risk actions of a new incident."""
    propose_automatic(item.workspace_id, item.incident_id)


@works_on(ACTIONS, RollbackProposal)
def roll_back(item: RollbackProposal) -> None:
    """Propose, or at low risk start, the declared rollback of a run that did not help."""
    propose_rollback(item.workspace_id, item.run_id)
