"""Incident page panel: remediation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for
from remediation.runs.selectors import plan_for, runs_of

MAX_SHOWN = 5


@panel
class IncidentRemediation(IncidentPanel):
    """Recommended actions, advice for manual work, and the latest runs."""

    name = "incident.remediation"
    title = "Remediation"
    template = "remediation/panel.html"
    slot = "incident.side"
    order = 30

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        plan, runs = plan_for(actor, incident), runs_of(actor, incident)
        newest = ",".join(f"{run.pk}:{run.state}" for run in runs[:MAX_SHOWN])
        return {
            "incident": incident,
            "plan": plan,
            "recommended": [one for one in plan.recommendations if one.is_recommended],
            "runs": runs[:MAX_SHOWN],
            "may_act": allowed(actor, Capability.REMEDIATION_RUN) and incident.is_unresolved,
            "newest": newest,
        }
