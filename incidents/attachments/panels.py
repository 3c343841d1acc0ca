"""Panel of an incident's pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import panel
from incidents.attachments.selectors import attachments_of
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for


@panel
class IncidentAttachments(IncidentPanel):
    """Attached pictures, and the form to attach one."""

    name = "incident.attachments"
    title = "Attachments"
    template = "incidents/attachments/panels/attachments.html"
    slot = "incident.side"
    order = 40

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        attachments = attachments_of(actor, incident)
        return {
            "incident": incident,
            "attachments": attachments,
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
            "newest": "-".join(str(one.pk) for one in attachments),
        }
