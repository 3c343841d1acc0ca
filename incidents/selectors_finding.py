"""Reading a little of many incidents, for the side bar and for the search over everything."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, Count, IntegerField, Q, When

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.compiled import compiled
from incidents.models import Component, Incident
from incidents.vocabulary import UNRESOLVED, Severity

NEWEST_FIRST: Final = ("-detected_at", "-id")


def open_count(actor: Actor) -> tuple[int, bool]:
    """How many incidents are open, and whether a SEV1 is among them. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    [(every, worst)] = _open_and_worst(actor.workspace_id) or [(0, 0)]
    return every, worst > 0


@compiled(int)
def _open_and_worst(workspace_id: int) -> Any:
    unresolved = Incident.objects.of(workspace_id).filter(status__in=UNRESOLVED).order_by()
    counts = unresolved.values("workspace_id").annotate(
        n=Count("id"), worst=Count("id", filter=Q(severity=Severity.SEV1))
    )
    return counts.values_list("n", "worst")


def incidents_named(actor: Actor, text: str, *, number: int = 0, limit: int = 6) -> list[Incident]:
    """The incident of that number, then those with every word of `text` in the title, open ones first.

    Titles of what is over are searched by trigrams, which need a word of three characters. Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    rows, words = Incident.objects.of(actor.workspace_id), text.split()
    named = rows.filter(*(Q(title__icontains=word) for word in words)).order_by(*NEWEST_FIRST)
    found = {one.pk: one for one in rows.filter(number=number)} if number else {}
    found |= {one.pk: one for one in named.filter(status__in=UNRESOLVED)[:limit]}
    if len(found) < limit and max(map(len, words), default=0) >= 3:
        found |= {one.pk: one for one in named[:limit]}
    return list(found.values())[:limit]


def components_named(actor: Actor, text: str, *, limit: int) -> list[Component]:
    """Components whose names hold `text`, those that start with it first. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    named = Component.objects.of(actor.workspace_id).filter(name__icontains=text)
    first = Case(When(name__istartswith=text, then=0), default=1, output_field=IntegerField())
    return list(named.order_by(first, "name")[:limit])
