"""Queries of role offers: pending ones, and those that just ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.sql.compiled_queries import compiled
from incidents.handoff.models import RoleOffer
from incidents.models import Incident
from incidents.privacy.selectors import is_seen
from incidents.roles.instructions import INSTRUCTIONS
from incidents.vocabulary import UNRESOLVED, ResponseRole

SHOWN_AFTER_END: Final = timedelta(hours=1)
MAX_SHOWN: Final = 20
_NOT_TAKEN: Final = (RoleOffer.Answer.DECLINED, RoleOffer.Answer.EXPIRED)


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer as shown to one person. `due`: name and deadline of each running clock."""

    offer: RoleOffer
    is_to_me: bool
    is_from_me: bool
    due: list[tuple[str, datetime]]

    @property
    def is_pending(self) -> bool:
        """Return whether it can still be accepted."""
        return self.offer.answer == RoleOffer.Answer.PENDING and self.offer.expires_at > timezone.now()

    @property
    def open_items(self) -> list[str]:
        """Return the checklist items that were open when the offer was made."""
        return list(self.offer.card.get("open_items", ()))

    @property
    def instructions(self) -> tuple[str, ...]:
        """Return the duties of the role."""
        return INSTRUCTIONS[ResponseRole(self.offer.role)]


def offers_on(actor: Actor, incident: Incident) -> list[ShownOffer]:
    """Return pending offers of an incident, and the actor's own that ended unaccepted within the hour.

    Raises Forbidden.
    """
    require(actor, Capability.INCIDENTS_READ)
    me, now = actor.user_id or 0, timezone.now()
    found = _on_incident(actor.workspace_id, actor.viewer, me, now, now - SHOWN_AFTER_END, incident.pk)
    return _shown(actor, found)


def offers_for(actor: Actor) -> list[ShownOffer]:
    """Return offers to and from the actor on all unresolved incidents, as `offers_on`. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    if actor.user_id is None:
        return []
    now = timezone.now()
    return _shown(actor, _mine(actor.workspace_id, actor.viewer, actor.user_id, now, now - SHOWN_AFTER_END))


@compiled(int, int, int, datetime, datetime, int)
def _on_incident(
    workspace_id: int, viewer: int, user_id: int, now: datetime, since: datetime, incident_id: int
) -> QuerySet[RoleOffer]:
    rows = _current(workspace_id, viewer, user_id, now, since)
    return rows.filter(incident_id=incident_id)[:MAX_SHOWN]


@compiled(int, int, int, datetime, datetime)
def _mine(
    workspace_id: int, viewer: int, user_id: int, now: datetime, since: datetime
) -> QuerySet[RoleOffer]:
    rows = _current(workspace_id, viewer, user_id, now, since)
    mine = Q(to_user_id=user_id) | Q(from_user_id=user_id)
    return rows.filter(mine, incident__status__in=UNRESOLVED)[:MAX_SHOWN]


def _current(
    workspace_id: int, viewer: int, user_id: int, now: datetime, since: datetime
) -> QuerySet[RoleOffer]:
    pending = Q(answer=RoleOffer.Answer.PENDING, expires_at__gt=now)
    ended = Q(answer__in=_NOT_TAKEN, from_user_id=user_id, answered_at__gt=since)
    rows: QuerySet[RoleOffer] = RoleOffer.objects.of(workspace_id).filter(
        is_seen(workspace_id, viewer, "incident"), pending | ended
    )
    return rows.select_related("incident", "from_user", "to_user").order_by("-id")


def _shown(actor: Actor, rows: Iterable[RoleOffer]) -> list[ShownOffer]:
    return [
        ShownOffer(
            offer,
            is_to_me=offer.to_user_id == actor.user_id,
            is_from_me=offer.from_user_id == actor.user_id,
            due=_due(offer.card),
        )
        for offer in rows
    ]


def _due(card: Mapping[str, Any]) -> list[tuple[str, datetime]]:
    given = [(str(kind), datetime.fromisoformat(at)) for kind, at in card.get("due", {}).items()]
    return sorted(given, key=lambda one: one[1])
