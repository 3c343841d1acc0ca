"""Incident page panel: who was notified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.permissions import Capability, allowed, require
from core.ui.panels import Panel, panel
from incidents.selectors import incident_for
from notifications.deliveries.selectors import MAX_SHOWN_ON_INCIDENT, newest_deliveries


@panel
class DeliveriesPanel(Panel):
    """The latest deliveries of an incident."""

    name = "incident-deliveries"
    slot = "incident.side"
    order = 80
    title = "Notifications"
    template = "notifications/panels/deliveries.html"
    every_s = 15

    def topics(self, key: str) -> tuple[str, ...]:
        """Live topics of the incident."""
        return (f"incident:{key}",)

    def context(self, actor: Any, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises Forbidden, NotFound."""
        require(actor, Capability.CHANNELS_READ)
        incident = incident_for(actor, key)
        found = newest_deliveries(actor.workspace_id, incident.pk)
        shown = found[:MAX_SHOWN_ON_INCIDENT]
        return {
            "deliveries": shown,
            "has_more": len(found) > len(shown),
            "reference": incident.reference,
            "may_silence": allowed(actor, Capability.SILENCES_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        """Changes with every delivery shown."""
        shown = [(one.pk, one.state, one.outcome, one.reason, one.attempts) for one in context["deliveries"]]
        return repr((shown, context["has_more"], context["may_silence"]))
