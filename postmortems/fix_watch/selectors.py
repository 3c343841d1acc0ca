"""Counts the outcomes of fix watches."""

from __future__ import annotations

from django.db.models import Count

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.privacy.selectors import seen_with
from postmortems.action_items.models import ActionItem, ItemKind
from postmortems.fix_watch.models import FixWatch


def held_counts(actor: Actor) -> dict[str, int]:
    """Number of watched `prevent` items by verdict; an item with two watches may count twice.

    Private incidents count only if visible to the actor. Raises Forbidden.
    """
    require(actor, Capability.POSTMORTEMS_READ)
    rows = FixWatch.objects.of(actor.workspace_id).filter(
        seen_with(actor, "item__incident"), item__kind=ItemKind.PREVENT
    )
    found = dict(rows.order_by().values_list("verdict").annotate(n=Count("item", distinct=True)))
    return {verdict: found.get(verdict, 0) for verdict in FixWatch.Verdict.values}


def watches_of(item: ActionItem) -> list[FixWatch]:
    """Watches of an item with their recurrences, newest first."""
    rows = FixWatch.objects.of(item.workspace_id).filter(item=item)
    return list(rows.prefetch_related("recurrences__incident").order_by("-pk")[:20])
