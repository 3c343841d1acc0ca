"""Panel of exit criteria and review of an incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.recovery.selectors import auto_resolution_of, results_of, title_of, verdict_of
from incidents.selectors import incident_for
from incidents.vocabulary import Stage


@panel
class IncidentRecovery(IncidentPanel):
    """Each exit criterion with its result and why; who resolved it, and whether it was a real problem."""

    name = "incident.recovery"
    title = "Recovery"
    template = "incidents/recovery/panels/recovery.html"
    slot = "incident.side"
    order = 4

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        is_watched = incident.stage in (Stage.RECOVERY, Stage.DONE)
        results = results_of(incident) if is_watched else []
        reviewed = verdict_of(incident)
        return {
            "incident": incident,
            "is_watched": incident.stage == Stage.RECOVERY and incident.is_unresolved,
            "results": [(title_of(one), one) for one in results],
            "auto": auto_resolution_of(incident) if incident.resolved_at else None,
            "reviewed": reviewed,
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
            "newest": ";".join(f"{one.criterion}{one.verdict}{one.why}" for one in results)
            + (f"{reviewed.verdict}{reviewed.reason}" if reviewed else ""),
        }
