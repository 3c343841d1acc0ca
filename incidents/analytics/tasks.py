"""Celery tasks of analytics."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.queue.gate import Gate
from incidents.analytics.precomputed import refresh_figures

_gate = Gate()


@shared_task(name="incidents.refresh_figures", ignore_result=True)
def remake_analytics_figures() -> None:
    """Compute the due figures of the standard periods."""
    with _gate.turn() as is_mine:
        if is_mine:
            refresh_figures(timezone.now())
