"""The panels of the incident lists, and the entries the pages have in the side bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.navigation import NAVIGATION, SETTINGS, NavItem
from core.panels import Panel, panel
from incidents.keyset import Page
from incidents.list_query import ListQuery, read_list
from incidents.models import Incident
from incidents.ordering import NEWEST
from incidents.panel_versions import versions_of
from incidents.panels_components import ComponentPanel
from incidents.panels_export import IncidentExport
from incidents.panels_incident import IncidentPanel
from incidents.panels_overview import Overview
from incidents.panels_shell import OpenCount
from incidents.panels_story import IncidentTimeline
from incidents.selectors import incidents_page, open_incidents_for
from incidents.selectors_list import COUNTED, LARGEST_PAGE, count_incidents
from incidents.vocabulary import UNRESOLVED

__all__ = [
    "ActiveIncidents",
    "AllIncidents",
    "ComponentPanel",
    "IncidentExport",
    "IncidentPanel",
    "IncidentTimeline",
    "OpenCount",
    "Overview",
]

NAVIGATION.add(
    "active",
    NavItem("Active", "siren", "/", order=10, exact=True, keys="g d", badge="incidents.open_count"),
)
NAVIGATION.add("incidents", NavItem("All incidents", "list", "/incidents", order=20, keys="g i"))
SETTINGS.add(
    "sla",
    NavItem(
        "SLA clocks",
        "timer",
        "/settings/sla",
        order=50,
        group="Workspace",
        capability=Capability.SETTINGS_WRITE,
    ),
)
NAVIGATION.add("activity", NavItem("Activity", "history", "/activity", order=25, keys="g a"))
NAVIGATION.add("components", NavItem("Components", "boxes", "/components", order=30, keys="g c"))

VIEWS = ("view",)


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
        asked = read_list(query, also=VIEWS)
        everything = open_incidents_for(actor)
        mine = {i.pk for i in everything if getattr(i, "is_mine", False)}
        shown = _still_open(actor, asked) if asked.words or asked.order != NEWEST else everything
        counts = {"mine": sum(i.pk in mine for i in shown), "all": len(shown)}
        if query.get("view") == "mine":
            shown = [i for i in shown if i.pk in mine]
        return {
            "incidents": shown,
            "counts": counts,
            "is_filtered": bool(asked.words),
            "view": query.get("view", ""),
            "back": _back("/", asked),
            "open_count": len(everything),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        names = ("counts", "open_count", "may_act")
        return versions_of(context["incidents"], *(context[name] for name in names))


def _still_open(actor: Actor, asked: ListQuery) -> list[Incident]:
    wanted = asked.wanted
    if "status" not in asked.words:
        wanted = replace(wanted, statuses=frozenset(UNRESOLVED))
    return list(incidents_page(actor, wanted, limit=LARGEST_PAGE, sort=asked.order.name).items)


def _back(path: str, asked: ListQuery, **more: str) -> str:
    """The list's own address, to come back to."""
    query = asked.address(**more)
    return f"{path}?{query}" if query else path


@panel
class AllIncidents(Panel):
    """Every incident, filtered and in the order asked for, in pages."""

    name = "incidents.list"
    title = "Incidents"
    template = "incidents/panels/list.html"
    css = "stack"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        asked = read_list(query)
        page = incidents_page(actor, asked.wanted, cursor=asked.cursor or None, sort=asked.order.name)
        return {
            "incidents": page.items,
            "next": page.next_cursor and asked.address(cursor=page.next_cursor),
            "previous": page.previous_cursor and asked.address(cursor=page.previous_cursor),
            "first": asked.address(),
            "is_later": bool(asked.cursor),
            "is_filtered": bool(asked.words),
            "total": _total(actor, asked, page),
            "back": _back("/incidents", asked, cursor=asked.cursor),
            "is_all_picked": query.get("pick") == "all",
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        names = ("next", "previous", "total", "may_act", "is_all_picked")
        return versions_of(context["incidents"], *(context[name] for name in names))


def _total(actor: Actor, asked: ListQuery, page: Page[Incident]) -> str:
    """How many there are, in words; a list of one page has been counted already."""
    is_whole = page.next_cursor is None and page.previous_cursor is None
    count = len(page.items) if is_whole else count_incidents(actor, asked.wanted)
    words = f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"
    return f"{words} incident{'' if count == 1 else 's'}"
