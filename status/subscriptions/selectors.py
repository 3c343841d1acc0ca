"""Reads the subscribers of a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.secrets.encryption import decrypt
from status.publishing.models import PublicIncident
from status.publishing.selectors import is_hidden
from status.subscriptions.models import Subscriber

MAX_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class SubscriberRow:
    """A subscriber in the list of managers."""

    public_id: str
    kind: str
    address: str
    state: str
    confirmed_at: datetime | None
    all_components: bool
    components: list[str]


def subscribers_of(actor: Actor) -> list[SubscriberRow]:
    """The latest 500 subscribers. Raises Forbidden."""
    require(actor, Capability.STATUS_WRITE)
    rows = Subscriber.objects.of(actor.workspace_id).prefetch_related("components").order_by("-id")
    return [
        SubscriberRow(
            str(one.public_id), one.get_kind_display(), decrypt(one.address),
            one.get_subscriber_state_display(), one.confirmed_at, one.all_components,
            [part.name for part in one.components.all()],
        )
        for one in rows[:MAX_LISTED]
    ]  # fmt: skip


def subscription_text(workspace_id: int, public_id: str) -> str:
    """What a subscriber gets updates of, in one sentence; "" unless confirmed."""
    rows = Subscriber.objects.of(workspace_id).filter(subscriber_state=Subscriber.State.CONFIRMED)
    found: Subscriber | None = rows.filter(public_id=public_id).first()
    if found is None:
        return ""
    names = [part.name for part in found.components.order_by("name")]
    if names:
        return f"You get updates on: {', '.join(names)}."
    if found.all_components:
        return "You get updates on all components."
    return "The components that you chose were removed from the page. You get only updates that name none."


def is_taken_off(workspace_id: int, public_id: str) -> bool:
    """Whether an incident with that public id was withdrawn from the page, or turned private."""
    rows = PublicIncident.objects.of(workspace_id).filter(public_id=public_id).select_related("incident")
    found: PublicIncident | None = rows.first()
    return found is not None and (found.withdrawn_at is not None or is_hidden(found.incident))
