"""Small queries for the sidebar and the search."""

from __future__ import annotations

from typing import Final

from django.db.models import Case, IntegerField, Q, When

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.models import Component, Incident
from incidents.overview.selectors import unresolved_groups
from incidents.privacy.selectors import seen_by
from incidents.vocabulary import UNRESOLVED, Severity

NEWEST_FIRST: Final = ("-detected_at", "-id")


def open_count(actor: Actor) -> tuple[int, bool]:
    """Return the number of open incidents, and whether a SEV1 is among them. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    lots = unresolved_groups(actor.workspace_id, actor.viewer)
    return sum(lot.number for lot in lots), any(lot.severity == Severity.SEV1 for lot in lots)


def incidents_named(actor: Actor, text: str, *, number: int = 0, limit: int = 6) -> list[Incident]:
    """Return the incident of that number, then those with every word of `text` in the title, open ones first.

    Titles of resolved ones are searched by trigrams, which need a word of three characters. Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    rows, words = seen_by(actor), text.split()
    named = rows.filter(*(Q(title__icontains=word) for word in words)).order_by(*NEWEST_FIRST)
    found = {one.pk: one for one in rows.filter(number=number)} if number else {}
    found |= {one.pk: one for one in named.filter(status__in=UNRESOLVED)[:limit]}
    if len(found) < limit and max(map(len, words), default=0) >= 3:
        found |= {one.pk: one for one in named[:limit]}
    return list(found.values())[:limit]


def components_named(actor: Actor, text: str, *, limit: int) -> list[Component]:
    """Return components whose names contain `text`, those that start with it first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    named = Component.objects.of(actor.workspace_id).filter(name__icontains=text)
    first = Case(When(name__istartswith=text, then=0), default=1, output_field=IntegerField())
    return list(named.order_by(first, "name")[:limit])
