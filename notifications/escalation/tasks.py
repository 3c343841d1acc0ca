"""The queue handler of escalations."""

from __future__ import annotations

from django.utils import timezone

from core.queue.handlers import works_on
from core.queues import CLOCKS
from notifications.escalation.models import Escalation
from notifications.escalation.services.running import run_escalation


@works_on(CLOCKS, Escalation, batch=20)
def escalate(item: Escalation) -> None:
    """Advance an escalation."""
    run_escalation(item.workspace_id, item, now=timezone.now())
