"""Celery's doors to detection. A message only wakes; the rows say what there is to do."""

from __future__ import annotations

import time

from celery import shared_task
from django.utils import timezone

from core.nudge import clear, nudge
from detection.services.evaluate import drain
from detection.services.retention import maintain
from detection.services.sweeper import forget_requests, sweep_due

EVALUATE = "detection.evaluate"
WORTH_A_REST_S, LONGEST_REST_S = 0.005, 0.03


@shared_task(name=EVALUATE, ignore_result=True)
def evaluate() -> None:
    """Drain what ingest touched. Nudged by ingest, run by beat every second."""
    clear(EVALUATE)
    began = time.monotonic()
    is_cut_short = drain()
    _rest(time.monotonic() - began)
    if is_cut_short:
        # More is waiting than one slice holds; let another task of the queue have its turn first.
        nudge(EVALUATE, "detection")


def _rest(worked_s: float) -> None:
    """Under a steady stream drain half of the time: what comes in the other half costs one more drain."""
    if worked_s > WORTH_A_REST_S:
        time.sleep(min(worked_s, LONGEST_REST_S))


@shared_task(name="detection.sweep_rules", ignore_result=True)
def sweep_rules() -> None:
    """Look again at every rule whose check interval has passed."""
    sweep_due()


@shared_task(name="detection.maintain_partitions", ignore_result=True)
def maintain_partitions() -> None:
    """Make the next partitions, drop the expired ones, forget old keys and old webhooks."""
    maintain()
    forget_requests(timezone.now())
