"""Banner of failing health checks on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.health.monitor import HEALTH_MONITOR, concerning
from core.live.hub import TROUBLES
from core.ui.panels import Panel, panel


@panel
class Troubles(Panel):
    """One red line for each failing check, with the time it began."""

    name = "troubles"
    title = "Outages"
    template = "layouts/troubles.html"

    def topics(self, key: str) -> tuple[str, ...]:
        """Return the topics signalled when a check begins or ceases to fail."""
        return (TROUBLES,)

    def context(self, actor: Any, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the troubles of the whole installation and of the viewer's workspace."""
        return {"troubles": concerning(HEALTH_MONITOR.troubles(), actor.workspace_id)}

    def version(self, context: Mapping[str, Any]) -> str:
        """Return a text that changes with every trouble that begins or ends."""
        return repr(context["troubles"])
