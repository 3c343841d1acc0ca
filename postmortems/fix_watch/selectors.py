"""Counts what became of fixes."""

from __future__ import annotations

from django.db.models import Count

from accounts.actor import Actor
from accounts.permissions import Capability, require
from postmortems.action_items.models import ActionItem, ItemKind
from postmortems.fix_watch.models import FixWatch


def held_counts(actor: Actor) -> dict[str, int]:
    """How many watched `prevent` items there are by verdict. Raises Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    rows = FixWatch.objects.of(actor.workspace_id).filter(item__kind=ItemKind.PREVENT)
    found = dict(rows.order_by().values_list("verdict").annotate(n=Count("pk")))
    return {verdict: found.get(verdict, 0) for verdict in FixWatch.Verdict.values}


def watches_of(item: ActionItem) -> list[FixWatch]:
    """The watches of one item with the incidents that spoke against it, newest first."""
    rows = FixWatch.objects.of(item.workspace_id).filter(item=item)
    return list(rows.prefetch_related("recurrences__incident").order_by("-pk")[:20])
