"""Celery's doors to the outbox. A message only wakes; the rows say what there is to do."""

from __future__ import annotations

from celery import shared_task

from core import allowance
from core.nudge import clear
from core.outbox import RELAY_TASK
from core.relay import prune, relay_due


@shared_task(name=RELAY_TASK, ignore_result=True)
def relay() -> None:
    """Deliver what is due. Nudged on commit, swept by beat every two seconds."""
    clear(RELAY_TASK)
    relay_due()


@shared_task(name="core.prune", ignore_result=True)
def prune_outbox() -> None:
    """Forget old facts that everybody has been told, and limits nobody has used for a day."""
    while prune():
        pass
    allowance.prune()
