"""Celery task that deletes old decisions."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from incidents.explain.pruning import prune_decisions


@shared_task(name="incidents.prune_decisions", ignore_result=True)
def prune_old_decisions() -> None:
    """Delete decisions older than 30 days."""
    prune_decisions(timezone.now())
