"""Plans recovery watches and their health checks."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models.functions import Now

from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from incidents.models import Incident
from incidents.selectors import affected_of
from remediation.queues import RECOVERY
from remediation.recovery.models import HealthProbe, RecoveryWatch

_AGAIN: Final = ["since", "enters", "state", "due_at", "attempts", "lease_until", "settled_at", "last_error"]


def plan_watch(workspace_id: int, incident_id: int, *, since: datetime, enters: bool = False) -> None:
    """Watch an incident from `since` on; restarts an earlier watch. Idempotent."""
    if not Incident.objects.of(workspace_id).filter(pk=incident_id).exists():
        return
    item = RecoveryWatch(
        workspace_id=workspace_id, incident_id=incident_id, since=since, enters=enters,
        state=WorkItem.State.PENDING, due_at=Now(),
    )  # fmt: skip
    RecoveryWatch.objects.bulk_create(
        [item], update_conflicts=True, unique_fields=["incident"], update_fields=_AGAIN
    )
    nudge_queue(RECOVERY)


def plan_probes(workspace_id: int, incident_id: int, since: datetime) -> None:
    """Plan a health check per affected component with an address; restarts earlier ones."""
    components = [one.component for one in affected_of(workspace_id, incident_id)]
    wanted = [one for one in components if one.health_url]
    fresh = HealthProbe.objects.of(workspace_id).filter(incident_id=incident_id, since__gte=since)
    known = set(fresh.exclude(state=WorkItem.State.DONE).values_list("component_id", flat=True))
    rows = [
        HealthProbe(
            workspace_id=workspace_id, incident_id=incident_id, component=one, since=since,
            state=WorkItem.State.PENDING, due_at=Now(),
        )
        for one in wanted
        if one.pk not in known
    ]  # fmt: skip
    if rows:
        again = ["since", "passes", "failure", "checked_at", *_AGAIN[2:]]
        HealthProbe.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["incident", "component"], update_fields=again
        )
        nudge_queue(RECOVERY)
