"""Panels of the component list and of a component's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.errors import NotFound
from core.ui.panels import Panel, panel
from incidents.components.filters import NAMES, parse_component_filter
from incidents.components.selectors import (
    ComponentState,
    component_for,
    components_page,
    daily_incidents,
    neighbours,
    state_of,
)
from incidents.listing.filters import IncidentFilter
from incidents.listing.panel_versions import versions_of
from incidents.models import Component
from incidents.overview.panels import component_definition
from incidents.selectors import incidents_page

MAIN, SIDE = "component.main", "component.side"
SHOWN_INCIDENTS = 10


def _seen(states: list[ComponentState]) -> str:
    return repr([(s.component.pk, s.component.version, s.load, s.last_event_at) for s in states])


@panel
class ComponentList(Panel):
    """The catalogue: affected components first, then by tier and name."""

    name = "components.list"
    title = "Components"
    template = "incidents/components/panels/list.html"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("activity", "components")

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        wanted = parse_component_filter(query)
        page = components_page(actor, wanted, cursor=query.get("cursor") or None)
        return {
            "states": page.items,
            "next_cursor": page.next_cursor,
            "is_filtered": any(query.get(name) for name in NAMES),
            "may_edit": allowed(actor, Capability.COMPONENTS_WRITE),
            **component_definition(),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return f"{_seen(context['states'])}{context['next_cursor']}{context['may_edit']}"


class ComponentPanel(Panel):
    """A panel of one component's page; its key is the id. Apps above add theirs to `MAIN` and `SIDE`."""

    def topics(self, key: str) -> tuple[str, ...]:
        return ("activity", f"component:{key}")

    def component(self, actor: Actor, key: str) -> Component:
        """Return the component. Raises NotFound, Forbidden."""
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            raise NotFound("There is no such component in this workspace.")
        return component_for(actor, pk=int(key))


@panel
class ComponentHeader(ComponentPanel):
    """Name, health, and available actions."""

    name = "component.header"
    title = "State"
    template = "incidents/components/panels/header.html"

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        state = state_of(actor, self.component(actor, key))
        return {"state": state, "may_edit": allowed(actor, Capability.COMPONENTS_WRITE)}

    def version(self, context: Mapping[str, Any]) -> str:
        return f"{_seen([context['state']])}{context['may_edit']}"


@panel
class ComponentIncidents(ComponentPanel):
    """Its newest incidents."""

    name = "component.incidents"
    title = "Incidents"
    template = "incidents/components/panels/incidents.html"
    slot = MAIN
    order = 10

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        component = self.component(actor, key)
        wanted = IncidentFilter(components=frozenset([component.name]))
        page = incidents_page(actor, wanted, limit=SHOWN_INCIDENTS)
        return {
            "component": component,
            "incidents": page.items,
            "has_more": bool(page.next_cursor),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return versions_of(context["incidents"], context["has_more"], context["may_act"])


@panel
class ComponentDays(ComponentPanel):
    """Incidents that affected it on each of the last ninety days."""

    name = "component.days"
    title = "The last 90 days"
    template = "incidents/components/panels/days.html"
    slot = MAIN
    order = 20

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        days = daily_incidents(actor, self.component(actor, key))
        return {"days": days, "total": sum(n for _, n in days), "calm": sum(not n for _, n in days)}

    def version(self, context: Mapping[str, Any]) -> str:
        return repr(context["days"])


@panel
class ComponentFacts(ComponentPanel):
    """Owner, tier, runbook and description."""

    name = "component.facts"
    title = "Details"
    template = "incidents/components/panels/facts.html"
    slot = SIDE
    order = 10

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        return {"state": state_of(actor, self.component(actor, key))}

    def version(self, context: Mapping[str, Any]) -> str:
        return _seen([context["state"]])


@panel
class ComponentNeighbours(ComponentPanel):
    """Its dependencies and dependents with their health: where to look next."""

    name = "component.neighbours"
    title = "Dependencies"
    template = "incidents/components/panels/neighbours.html"
    slot = SIDE
    order = 20

    def topics(self, key: str) -> tuple[str, ...]:
        return ("activity", "components")

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        needs, needed_by = neighbours(actor, self.component(actor, key))
        return {"needs": needs, "needed_by": needed_by}

    def version(self, context: Mapping[str, Any]) -> str:
        return f"{_seen(context['needs'])}|{_seen(context['needed_by'])}"
