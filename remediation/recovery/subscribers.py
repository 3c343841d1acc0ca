"""Outbox subscribers that plan recovery watches."""

from __future__ import annotations

from core.models import OutboxEvent
from core.outbox.events import subscriber
from incidents.vocabulary import Stage
from remediation.recovery.services.planning import plan_watch
from remediation.vocabulary import CARRIED_OUT


@subscriber("recovery", topics=["incident.stage_changed"])
def watch_stage(event: OutboxEvent) -> None:
    """Watch an incident that enters the recovery stage."""
    if event.payload["after"] == Stage.RECOVERY:
        plan_watch(event.workspace_id, event.payload["incident_id"], since=event.created_at)


@subscriber("recovery-runs", topics=["remediation.run_changed"])
def watch_run(event: OutboxEvent) -> None:
    """Watch the incident of an executed action from the end of the action."""
    if event.payload["state"] in CARRIED_OUT:
        plan_watch(event.workspace_id, event.payload["incident_id"], since=event.created_at, enters=True)
