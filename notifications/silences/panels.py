"""The button Silence on the pages of incidents and components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.components.selectors import component_for
from incidents.selectors import incident_for


class SilencePanel(Panel):
    """A link to the form of a silence, filled in."""

    title = "Silence"
    template = "notifications/panels/silence.html"
    order = 90

    def topics(self, key: str) -> tuple[str, ...]:
        """It never changes."""
        return ()

    def version(self, context: Mapping[str, Any]) -> str:
        """What the link leads to."""
        return repr(sorted(context.items()))


@panel
class SilenceIncident(SilencePanel):
    """On an incident."""

    name = "incident-silence"
    slot = "incident.side"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises NotFound."""
        incident = incident_for(actor, key)
        may = allowed(actor, Capability.SILENCES_WRITE)
        return {"field": "incident", "value": incident.reference, "may_silence": may}


@panel
class SilenceComponent(SilencePanel):
    """On a component."""

    name = "component-silence"
    slot = "component.side"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises NotFound."""
        number = int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else 0
        may = allowed(actor, Capability.SILENCES_WRITE)
        return {"field": "component", "value": component_for(actor, pk=number).name, "may_silence": may}
