"""Silence button on the page of a component."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.components.selectors import component_for


@panel
class SilenceComponent(Panel):
    """Link to the silence form, prefilled with the component."""

    name = "component-silence"
    slot = "component.side"
    title = "Silence"
    template = "notifications/panels/silence.html"
    order = 90

    def topics(self, key: str) -> tuple[str, ...]:
        """None: it never changes."""
        return ()

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Raises NotFound."""
        number = int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else 0
        may = allowed(actor, Capability.SILENCES_WRITE)
        return {"component": component_for(actor, pk=number).name, "may_silence": may}

    def version(self, context: Mapping[str, Any]) -> str:
        """Changes with the link."""
        return repr(sorted(context.items()))
