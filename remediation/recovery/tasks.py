"""Queue handlers of recovery watches."""

from __future__ import annotations

from datetime import timedelta

from core.queue.handlers import works_on
from remediation.queues import RECOVERY
from remediation.recovery.models import HealthProbe, RecoveryWatch
from remediation.recovery.watching import probe_health, watch_recovery


@works_on(RECOVERY, RecoveryWatch, keep=timedelta(days=7))
def watch(item: RecoveryWatch) -> None:
    """Evaluate the exit criteria of an incident."""
    watch_recovery(item)


@works_on(RECOVERY, HealthProbe, keep=timedelta(days=7), related=("component",))
def probe(item: HealthProbe) -> None:
    """Run the health check of a component."""
    probe_health(item)
