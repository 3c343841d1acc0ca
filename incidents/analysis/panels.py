"""The panel with the analysis of an incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.ui.panels import panel
from incidents.analysis.models import Author
from incidents.analysis.selectors import analysis_of, newest_by_rules
from incidents.analysis.similar import Similar, similar_incidents
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentAnalysis(IncidentPanel):
    """Category, suggested severity, summary and advice; empty until they are written."""

    name = "incident.analysis"
    title = "Analysis"
    template = "incidents/analysis/panels/analysis.html"
    slot = "incident.main"
    order = 10

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        analysis = analysis_of(actor, incident)
        similar = similar_incidents(actor, incident) if analysis else []
        is_by_model = analysis is not None and analysis.author == Author.MODEL
        return {
            "incident": incident,
            "by_rules": newest_by_rules(incident.workspace_id, incident.pk) if is_by_model else None,
            "analysis": analysis,
            "cause": analysis.cause if analysis else {},
            "similar": similar,
            "newest": f"analysis-{analysis.revision if analysis else 0}-{_mark(similar)}",
        }


def _mark(similar: list[Similar]) -> str:
    """Return a key that changes whenever the shown similar incidents would."""
    return ",".join(f"{one.incident.pk}.{one.incident.version}" for one in similar)
