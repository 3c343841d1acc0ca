"""Queries of bulk actions."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from incidents.bulk.models import BulkAction, BulkStep
from incidents.privacy.selectors import seen_with
from incidents.timeline.actor_keys import actor_key

UNDO_WITHIN: Final = timedelta(minutes=10)


def action_of(actor: Actor, action_id: int) -> BulkAction:
    """Return a bulk action of this actor. Raises NotFound for anyone else's; Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    mine = BulkAction.objects.of(actor.workspace_id).filter(made_by=actor_key(actor))
    found: BulkAction | None = mine.filter(pk=action_id).first()
    if found is None:
        raise NotFound("There is no such action by you.")
    return found


def steps_of(actor: Actor, action: BulkAction) -> list[BulkStep]:
    """Return the outcome for each incident, by number, with the incidents: one query."""
    steps = BulkStep.objects.of(action.workspace_id).filter(seen_with(actor), action=action)
    return list(steps.select_related("incident").order_by("number"))


def may_undo(action: BulkAction) -> bool:
    """Return whether it can still be undone, as far as the time limit is concerned."""
    return action.undone_at is None and timezone.now() <= action.made_at + UNDO_WITHIN
