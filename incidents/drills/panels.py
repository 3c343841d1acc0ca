"""Score of a drill on the page of its incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.ui.panels import panel
from incidents.drills.score import points
from incidents.drills.selectors import drill_of, score_of
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentDrill(IncidentPanel):
    """The score card of an incident that is a drill; empty for any other."""

    name = "incident.drill"
    title = "Drill"
    template = "drills/panel.html"
    slot = "incident.side"
    order = 2

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        card = score_of(incident) if incident.is_drill else []
        return {
            "incident": incident,
            "drill": drill_of(incident),
            "card": card,
            "points": points(card),
            "newest": ",".join(f"{one.name}{one.verdict}{one.took_s}" for one in card),
        }
