"""Export panel of the incident page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentExport(IncidentPanel):
    """One incident with its whole timeline, as a file."""

    name = "incident.export"
    title = "Export"
    template = "incidents/export/panels/export.html"
    slot = "incident.side"
    order = 95

    def topics(self, key: str) -> tuple[str, ...]:
        return ()  # the links never change

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        return {"incident": incident_for(actor, key)}
