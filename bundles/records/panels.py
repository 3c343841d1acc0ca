"""Incident page panel: bundles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from bundles.records.selectors import bundles_of
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentBundles(IncidentPanel):
    """Diagnostic bundles of an incident; hidden if there are none."""

    name = "bundles.incident"
    title = "Diagnostic bundles"
    template = "bundles/panel.html"
    slot = "incident.side"
    order = 35

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        return {"incident": incident, "bundles": bundles_of(actor, incident)}

    def version(self, context: Mapping[str, Any]) -> str:
        return repr((context["incident"].pk, [(one.pk, one.status) for one in context["bundles"]]))
