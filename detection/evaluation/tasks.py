"""Celery tasks of detection."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from core.queue.gate import Gate
from core.queue.handlers import works_on
from core.queue.nudge import clear, nudge
from core.queues import CLOCKS
from detection.evaluation.services.draining import drain, drain_urgent, rest
from detection.evaluation.services.incident_evidence import Allowance, refresh_evidence
from detection.evaluation.services.sweeper import forget_requests, sweep_due
from detection.heartbeats.models import HeartbeatWatch
from detection.heartbeats.services.beating import look
from detection.ingest.services.retention import maintain
from detection.queues import DETECTION

EVALUATE = DETECTION.task
_evaluations, _sweeps, _refreshes = Gate(), Gate(), Gate()
_evidence_allowance = Allowance()


@shared_task(name=EVALUATE, ignore_result=True)
def evaluate() -> None:
    """Drain groups touched by ingest. Nudged by ingest, run by beat every second."""
    with _evaluations.turn() as is_ours:
        if is_ours and _evaluate():
            # More is pending than one slice takes; give another task of the queue its turn first.
            nudge(EVALUATE, DETECTION.name)


def _evaluate() -> bool:
    """Evaluate; returns whether the time was up before everything was evaluated."""
    drain_urgent()
    clear(EVALUATE)
    began = time.monotonic()
    is_cut_short = drain()
    rest(worked_s=time.monotonic() - began)
    return is_cut_short


@shared_task(name="detection.sweep_rules", ignore_result=True)
def sweep_rules() -> None:
    """Re-check every rule whose check interval has passed."""
    with _sweeps.turn() as is_ours:
        if is_ours:
            sweep_due()


@shared_task(name="detection.refresh_evidence", ignore_result=True)
def refresh_incident_evidence() -> None:
    """Recompute the evidence of incidents whose events grew."""
    with _refreshes.turn() as is_ours:
        if is_ours:
            refresh_evidence(timezone.now(), _evidence_allowance)


@shared_task(name="detection.maintain_partitions", ignore_result=True)
def maintain_partitions() -> None:
    """Create the next partitions, drop expired ones, delete old keys and old webhooks."""
    maintain()
    forget_requests(timezone.now())


@works_on(CLOCKS, HeartbeatWatch, batch=20)
def look_at_heartbeats(item: HeartbeatWatch) -> None:
    """Find the jobs of a workspace whose heartbeats are missing."""
    look(item.workspace_id, item, now=timezone.now())
