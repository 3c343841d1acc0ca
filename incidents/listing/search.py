"""Search providers for incidents and components."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from core.errors import Invalid, NotFound
from core.search.providers import SearchHit, SearchProvider, search_provider
from incidents.listing.search_selectors import components_named, incidents_named
from incidents.models import Incident
from incidents.reference import parse_reference


@search_provider
class Incidents(SearchProvider):
    """By number, then by words of the title: what is open first."""

    name = "incidents"
    title = "Incidents"
    icon = "siren"
    order = 10

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        return [_found(one) for one in incidents_named(actor, text, number=_number(text), limit=limit)]


def _number(text: str) -> int:
    try:
        return parse_reference(text)
    except (Invalid, NotFound):
        return 0


def _found(one: Incident) -> SearchHit:
    more = f"{one.reference} · {one.get_severity_display()} · {one.get_status_display()}"
    return SearchHit(one.title, f"/incidents/{one.reference}", more)


@search_provider
class Components(SearchProvider):
    """By the start of the name, then by any part of it."""

    name = "components"
    title = "Components"
    icon = "boxes"
    order = 30

    def find(self, actor: Actor, text: str, limit: int) -> Sequence[SearchHit]:
        found = components_named(actor, text, limit=limit)
        return [SearchHit(one.name, f"/components/{one.pk}", "component") for one in found]
