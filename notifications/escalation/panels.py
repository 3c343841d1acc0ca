"""Incident page panel: escalation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.selectors import incident_for
from notifications.escalation.present import shown_escalation


@panel
class EscalationPanel(Panel):
    """Who is paged now, who is next and when, with buttons to acknowledge or to escalate now."""

    name = "incident-escalation"
    slot = "incident.side"
    order = 3
    title = "Escalation"
    template = "notifications/panels/escalation.html"
    every_s = 10

    def topics(self, key: str) -> tuple[str, ...]:
        """Live topics of the incident."""
        return (f"incident:{key}",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises NotFound."""
        incident = incident_for(actor, key)
        return {
            "incident": incident,
            "shown": shown_escalation(actor, incident, now=timezone.now()),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        """Changes with everything shown."""
        shown, incident = context["shown"], context["incident"]
        if shown is None:
            return "none"
        one = shown.escalation
        parts = (shown.cursor, shown.paged, shown.next_names, one.due_at, one.state, one.holder_id)
        return repr((parts, incident.status, incident.acknowledged_at, context["may_act"]))
