"""Panels of the incident lists, and the number of open incidents on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from core.ui.panels import Panel, panel
from incidents.listing.keyset import Page
from incidents.listing.list_query import ListQuery, read_list
from incidents.listing.ordering import NEWEST
from incidents.listing.panel_versions import versions_of
from incidents.listing.search_selectors import open_count
from incidents.listing.selectors import count_incidents, counted_to
from incidents.models import Incident
from incidents.selectors import OPEN_LIMIT, count_open, incidents_page, open_incidents_for
from incidents.vocabulary import UNRESOLVED

VIEWS = ("view",)


@panel
class ActiveIncidents(Panel):
    """Active incidents: the viewer's own first."""

    name = "incidents.active"
    title = "Active incidents"
    template = "incidents/listing/panels/active.html"
    css = "stack"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        list_query = read_list(query, also=VIEWS)
        sort = "" if list_query.order == NEWEST else list_query.order.name
        only_mine = query.get("view") == "mine"
        shown = open_incidents_for(actor, list_query.wanted, sort=sort, only_mine=only_mine)
        is_whole = len(shown) < OPEN_LIMIT
        if is_whole and not only_mine:
            counts = {"all": len(shown), "mine": sum(i.is_mine for i in shown)}
        else:
            counts = count_open(actor, list_query.wanted)
        statuses = [word for word in list_query.words.get("status", ()) if word in UNRESOLVED]
        return {
            "incidents": shown,
            "counts": counts,
            "left_out": 0 if is_whole else counts["mine" if only_mine else "all"] - len(shown),
            "is_filtered": bool(list_query.words),
            "view": query.get("view", ""),
            "sort": sort,
            "back": _back("/", list_query),
            "rest": "" if only_mine else list_query.address(view="", status=",".join(statuses) or "active"),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return versions_of(context["incidents"], context["counts"], context["may_act"])


def _back(path: str, list_query: ListQuery, **more: str) -> str:
    """Return the URL of the list, to return to."""
    query = list_query.address(**more)
    return f"{path}?{query}" if query else path


@panel
class AllIncidents(Panel):
    """All incidents, filtered and sorted, in pages."""

    name = "incidents.list"
    title = "Incidents"
    template = "incidents/listing/panels/list.html"
    css = "stack"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        list_query = read_list(query)
        page = incidents_page(
            actor, list_query.wanted, cursor=list_query.cursor or None, sort=list_query.order.name
        )
        return {
            "incidents": page.items,
            "sort": list_query.order.name,
            "next": page.next_cursor and list_query.address(cursor=page.next_cursor),
            "previous": page.previous_cursor and list_query.address(cursor=page.previous_cursor),
            "first": list_query.address(),
            "is_later": bool(list_query.cursor),
            "is_filtered": bool(list_query.words),
            "total": _total(actor, list_query, page),
            "back": _back("/incidents", list_query, cursor=list_query.cursor),
            "is_all_picked": query.get("pick") == "all",
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        names = ("next", "previous", "total", "may_act", "is_all_picked")
        return versions_of(context["incidents"], *(context[name] for name in names))


def _total(actor: Actor, list_query: ListQuery, page: Page[Incident]) -> str:
    """Return the total as text; a list of one page is already counted."""
    is_whole = page.next_cursor is None and page.previous_cursor is None
    most = counted_to(list_query.wanted)
    count = len(page.items) if is_whole else count_incidents(actor, list_query.wanted, most=most)
    words = f"{most:,}+" if count > most else f"{count:,}"
    return f"{words} incident{'' if count == 1 else 's'}"


@panel
class OpenCount(Panel):
    """The number of open incidents."""

    name = "incidents.open_count"
    title = "Open incidents"
    template = "incidents/listing/panels/open_count.html"
    css = "nav-badge"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        count, has_sev1 = open_count(actor)
        return {"count": count, "has_sev1": has_sev1}

    def version(self, context: Mapping[str, Any]) -> str:
        return f"{context['count']}.{context['has_sev1']}"
