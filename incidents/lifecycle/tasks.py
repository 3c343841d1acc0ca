"""Celery entry points of incidents. A message only wakes; the rows say what there is to do."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.queue.handlers import works_on_batches
from core.queues import CLOCKS
from incidents.lifecycle.services.sweeper import raise_prolonged
from incidents.models import SlaClock
from incidents.services.clock_steps import advance_clocks


@shared_task(name="incidents.raise_prolonged", ignore_result=True)
def raise_prolonged_incidents() -> None:
    """Raise the severity of incidents that last longer than their type allows."""
    raise_prolonged(timezone.now())


@works_on_batches(CLOCKS, SlaClock, size=50)
def advance_sla_clocks(clocks: list[SlaClock]) -> None:
    """Warn of deadlines and record breaches."""
    advance_clocks(timezone.now(), clocks=clocks)
