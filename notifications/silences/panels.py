"""Silence button on the pages of incidents and components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.components.models import Component
from incidents.selectors import incident_for


class SilencePanel(Panel):
    """Link to the silence form, prefilled."""

    title = "Silence"
    template = "notifications/panels/silence.html"
    order = 90

    def topics(self, key: str) -> tuple[str, ...]:
        """None: it never changes."""
        return ()

    def version(self, context: Mapping[str, Any]) -> str:
        """Changes with the link."""
        return repr(sorted(context.items()))


@panel
class SilenceIncident(SilencePanel):
    """Silence button of an incident."""

    name = "incident-silence"
    slot = "incident.side"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises NotFound."""
        incident = incident_for(actor, key)
        may = allowed(actor, Capability.SILENCES_WRITE)
        return {"field": "incident", "value": incident.reference, "may_silence": may}


@panel
class SilenceComponent(SilencePanel):
    """Silence button of a component."""

    name = "component-silence"
    slot = "component.side"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Empty for an unknown component."""
        wanted = int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else 0
        found = Component.objects.of(actor.workspace_id).filter(pk=wanted).first()
        may = found is not None and allowed(actor, Capability.SILENCES_WRITE)
        return {"field": "component", "value": found.name if found else "", "may_silence": may}
