"""Panels of changes on the pages of incidents and components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from core.templatetags.ui import compact
from core.ui.panels import Panel, panel
from detection.sources.selectors import changes_around, changes_page
from incidents.components.selectors import component_for
from incidents.lifecycle.panels import IncidentPanel
from incidents.selectors import incident_for

SHOWN = 8


@panel
class IncidentChanges(IncidentPanel):
    """Changes shortly before the incident; empty if none were reported."""

    name = "incident.changes"
    title = "Recent changes"
    template = "detection/panels/changes.html"
    slot = "incident.side"
    order = 45

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        incident = incident_for(actor, key)
        changes = changes_around(actor, incident)
        for change in changes:
            gap = incident.detected_at - change.occurred_at
            vars(change)["before"] = (
                f"{compact(abs(gap))} {'before' if gap.total_seconds() >= 0 else 'after'}"
            )
        newest = ",".join(str(change.pk) for change in changes)
        return {"incident": incident, "changes": changes, "newest": newest, "heading": self.title}


@panel
class ComponentChanges(Panel):
    """The latest changes of one component; its key is the component's id."""

    name = "component.changes"
    title = "Changes"
    template = "detection/panels/changes.html"
    slot = "component.side"
    order = 40

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        number = int(key) if key.isdecimal() and len(key) < 19 else 0
        changes = changes_page(actor, component=component_for(actor, pk=number).name, limit=SHOWN).items
        return {"changes": changes, "heading": self.title}
