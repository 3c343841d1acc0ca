"""The panel with the analysis of an incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.ui.panels import panel
from incidents.analysis.selectors import analysis_of
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentAnalysis(IncidentPanel):
    """Category, suggested severity, summary and advice; nothing until they are written."""

    name = "incident.analysis"
    title = "Analysis"
    template = "incidents/panels/analysis.html"
    slot = "incident.main"
    order = 10

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        analysis = analysis_of(actor, incident)
        return {
            "incident": incident,
            "analysis": analysis,
            "newest": f"analysis-{analysis.revision if analysis else 0}",
        }
