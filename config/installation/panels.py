"""Banner of failing health checks on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.health.monitor import HEALTH_MONITOR, concerning
from core.live.hub import TROUBLES
from core.ui.panels import Panel, panel


@panel
class Troubles(Panel):
    """One red line for each part that does not work, and since when."""

    name = "troubles"
    title = "Outages"
    template = "layouts/troubles.html"

    def topics(self, key: str) -> tuple[str, ...]:
        """Heard when something stops or works again."""
        return (TROUBLES,)

    def context(self, actor: Any, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        """The troubles of the whole installation, and those of the viewer's workspace."""
        return {"troubles": concerning(HEALTH_MONITOR.troubles(), actor.workspace_id)}

    def version(self, context: Mapping[str, Any]) -> str:
        """Changes with every trouble that comes or goes."""
        return repr(context["troubles"])
