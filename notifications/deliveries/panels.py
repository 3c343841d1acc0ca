"""Who was told of an incident, on its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.permissions import Capability, require
from core.ui.panels import Panel, panel
from incidents.selectors import incident_for
from notifications.deliveries.selectors import MAX_SHOWN_ON_INCIDENT, newest_deliveries


@panel
class DeliveriesPanel(Panel):
    """The newest deliveries of an incident."""

    name = "incident-deliveries"
    slot = "incident.side"
    order = 80
    title = "Notifications"
    template = "notifications/panels/deliveries.html"
    every_s = 15

    def topics(self, key: str) -> tuple[str, ...]:
        """What happens to the incident."""
        return (f"incident:{key}",)

    def context(self, actor: Any, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises Forbidden, NotFound."""
        require(actor, Capability.CHANNELS_READ)
        found = newest_deliveries(actor.workspace_id, incident_for(actor, key).pk)
        shown = found[:MAX_SHOWN_ON_INCIDENT]
        return {"deliveries": shown, "has_more": len(found) > len(shown), "reference": key}

    def version(self, context: Mapping[str, Any]) -> str:
        """Every delivery as it is shown."""
        shown = [(one.pk, one.state, one.outcome, one.reason, one.attempts) for one in context["deliveries"]]
        return repr((shown, context["has_more"]))
