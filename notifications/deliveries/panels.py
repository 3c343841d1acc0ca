"""Incident page panel: who was notified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.reference import parse_reference
from notifications.deliveries.selectors import deliveries_page

MAX_SHOWN = 10


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
        """Raises Forbidden."""
        number = parse_reference(key)
        found, more = deliveries_page(actor, incident_number=number, limit=MAX_SHOWN)
        return {
            "deliveries": found,
            "has_more": more is not None,
            "reference": f"INC-{number}",
            "may_silence": allowed(actor, Capability.SILENCES_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        """Changes with every delivery shown."""
        shown = [(one.pk, one.state, one.outcome, one.reason, one.attempts) for one in context["deliveries"]]
        return repr((shown, context["has_more"], context["may_silence"]))
