"""Panel of invitations to a private incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.lifecycle.panels import IncidentPanel
from incidents.privacy.selectors import invited_to
from incidents.selectors import incident_for


@panel
class IncidentAccess(IncidentPanel):
    """People invited to a private incident; empty if all members see it."""

    name = "incident.access"
    title = "Access"
    template = "incidents/privacy/panels/access.html"
    slot = "incident.side"
    order = 5

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        people = invited_to(actor, incident) if incident.is_private else []
        may_act = allowed(actor, Capability.INCIDENTS_WRITE)
        return {"incident": incident, "invited": people, "may_act": may_act, "me": actor.user_id}

    def version(self, context: Mapping[str, Any]) -> str:
        return f"{super().version(context)}|{[one.pk for one in context['invited']]}"
