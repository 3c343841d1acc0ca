"""Handlers of due SLA clocks."""

from __future__ import annotations

from django.utils import timezone

from core.queue.handlers import works_on_batches
from core.queues import CLOCKS
from incidents.sla.models import SlaClock
from incidents.sla.services.clock_steps import advance_clocks


@works_on_batches(CLOCKS, SlaClock, size=50)
def advance_sla_clocks(clocks: list[SlaClock]) -> None:
    """Warn of deadlines and record breaches."""
    advance_clocks(timezone.now(), clocks=clocks)
