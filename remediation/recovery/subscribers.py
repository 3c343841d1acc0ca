"""Facts after which an incident's recovery is watched. Only rows are written."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from incidents.vocabulary import Stage
from remediation.recovery.services.planning import plan_watch
from remediation.vocabulary import CARRIED_OUT


@subscriber("recovery", topics=["incident.stage_changed"])
def watch_stage(event: OutboxEvent) -> None:
    """An incident that enters recovery is watched from then on."""
    if event.payload["after"] == Stage.RECOVERY:
        plan_watch(event.workspace_id, event.payload["incident_id"], since=event.created_at)


@subscriber("recovery-runs", topics=["remediation.run_changed"])
def watch_run(event: OutboxEvent) -> None:
    """After an action was carried out, facts count from its end, and the incident may enter recovery."""
    if event.payload["state"] in CARRIED_OUT:
        plan_watch(event.workspace_id, event.payload["incident_id"], since=event.created_at, enters=True)
