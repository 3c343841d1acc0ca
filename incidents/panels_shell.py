"""What every page's frame shows of the incidents: how many are open, in the side bar and the tab's title."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.ui.panels import Panel, panel
from incidents.listing.search_selectors import open_count


@panel
class OpenCount(Panel):
    """The number of open incidents."""

    name = "incidents.open_count"
    title = "Open incidents"
    template = "incidents/panels/open_count.html"
    css = "nav-badge"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        count, has_sev1 = open_count(actor)
        return {"count": count, "has_sev1": has_sev1}

    def version(self, context: Mapping[str, Any]) -> str:
        return f"{context['count']}.{context['has_sev1']}"
