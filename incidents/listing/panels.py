"""Panels of the incident lists, and the number of open incidents in every page's frame."""

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
    """What is open now: the viewer's own first."""

    name = "incidents.active"
    title = "Active incidents"
    template = "incidents/listing/panels/active.html"
    css = "stack"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        asked = read_list(query, also=VIEWS)
        sort = "" if asked.order == NEWEST else asked.order.name
        only_mine = query.get("view") == "mine"
        shown = open_incidents_for(actor, asked.wanted, sort=sort, only_mine=only_mine)
        is_whole = len(shown) < OPEN_LIMIT
        if is_whole and not only_mine:
            counts = {"all": len(shown), "mine": sum(i.is_mine for i in shown)}
        else:
            counts = count_open(actor, asked.wanted)
        kept = [word for word in asked.words.get("status", ()) if word in UNRESOLVED]
        return {
            "incidents": shown,
            "counts": counts,
            "left_out": 0 if is_whole else counts["mine" if only_mine else "all"] - len(shown),
            "is_filtered": bool(asked.words),
            "view": query.get("view", ""),
            "sort": sort,
            "back": _back("/", asked),
            "rest": "" if only_mine else asked.address(view="", status=",".join(kept) or "active"),
            "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return versions_of(context["incidents"], context["counts"], context["may_act"])


def _back(path: str, asked: ListQuery, **more: str) -> str:
    """The list's own address, to come back to."""
    query = asked.address(**more)
    return f"{path}?{query}" if query else path


@panel
class AllIncidents(Panel):
    """Every incident, filtered and in the order asked for, in pages."""

    name = "incidents.list"
    title = "Incidents"
    template = "incidents/listing/panels/list.html"
    css = "stack"

    def topics(self, key: str) -> tuple[str, ...]:
        return ("incidents",)

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        asked = read_list(query)
        page = incidents_page(actor, asked.wanted, cursor=asked.cursor or None, sort=asked.order.name)
        return {
            "incidents": page.items,
            "sort": asked.order.name,
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
    most = counted_to(asked.wanted)
    count = len(page.items) if is_whole else count_incidents(actor, asked.wanted, most=most)
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
