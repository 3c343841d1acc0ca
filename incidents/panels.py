"""The panels of the incident lists, and the entries the pages have in the side bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.navigation import NAVIGATION, NavItem
from core.panels import Panel, panel
from incidents.clocks import clock_of
from incidents.filters import IncidentFilter, parse_filter
from incidents.models import Incident
from incidents.panel_versions import versions_of
from incidents.panels_incident import IncidentPanel
from incidents.panels_story import IncidentTimeline
from incidents.selectors import incidents_page, open_incidents_for

__all__ = ["ActiveIncidents", "AllIncidents", "IncidentPanel", "IncidentTimeline"]

NAVIGATION.add("active", NavItem("Active", "siren", "/", order=10, exact=True))
NAVIGATION.add("incidents", NavItem("All incidents", "list", "/incidents", order=20))

FILTERS = ("severity", "status", "component", "since", "until", "type", "search", "label", "project", "stage")


def _is_filtered(query: Mapping[str, str]) -> bool:
    return any(query.get(name) for name in FILTERS)


@panel
class ActiveIncidents(Panel):
    """What is open now: the viewer's own first."""

    name = "incidents.active"
    title = "Active incidents"
    template = "incidents/panels/active.html"
    css = "stack"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        everything = open_incidents_for(actor)
        mine = {i.pk for i in everything if getattr(i, "is_mine", False)}
        shown = _filtered(actor, query) if _is_filtered(query) else everything
        counts = {"mine": sum(i.pk in mine for i in shown), "all": len(shown)}
        if query.get("view") == "mine":
            shown = [i for i in shown if i.pk in mine]
        now = timezone.now()
        return {
            "incidents": shown,
            "counts": counts,
            "is_filtered": _is_filtered(query),
            "view": query.get("view", ""),
            "waiting": sum(i.acknowledged_at is None for i in everything),
            "overdue": sum((c := clock_of(i, now)) is not None and c.state == "missed" for i in everything),
            "worst": sum(i.severity in ("sev1", "sev2") for i in everything),
            "open_count": len(everything),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        names = ("counts", "waiting", "overdue", "open_count", "may_act")
        return versions_of(context["incidents"], *(context[name] for name in names))


def _filtered(actor: Actor, query: Mapping[str, str]) -> list[Incident]:
    given = {"status": "active"} | {name: query[name] for name in FILTERS if query.get(name)}
    return list(incidents_page(actor, parse_filter(given), limit=200).items)


@panel
class AllIncidents(Panel):
    """Every incident, newest first, in pages."""

    name = "incidents.list"
    title = "Incidents"
    template = "incidents/panels/list.html"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        wanted = parse_filter(query) if _is_filtered(query) else IncidentFilter()
        page = incidents_page(actor, wanted, cursor=query.get("cursor") or None)
        return {
            "incidents": page.items,
            "next_cursor": page.next_cursor,
            "is_filtered": _is_filtered(query),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return versions_of(context["incidents"], context["next_cursor"], context["may_act"])
