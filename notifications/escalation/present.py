"""Presents the escalation of an incident: who was paged last, who is next and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.actor import Actor
from incidents.models import Incident, TimelineEntry
from incidents.vocabulary import UNRESOLVED, EntryKind
from notifications.channels.models import Channel
from notifications.escalation.models import Escalation
from notifications.escalation.plan import Step, plan_from
from notifications.escalation.resolve import ResolvedTargets, reached_by
from notifications.escalation.selectors import escalation_of
from notifications.escalation.state import cursor_of

Phase: Final = Escalation.Phase

MAX_NAMES: Final = 5


@dataclass(frozen=True, slots=True)
class ShownEscalation:
    """An escalation to show. `paged`: text of the latest page. `next_names`: empty after the last step."""

    escalation: Escalation
    cursor: str
    paged: str
    paged_at: datetime | None
    next_names: tuple[str, ...]
    next_step: int
    steps: int
    rounds: int

    @property
    def next_text(self) -> str:
        """Return the next names as text: five, and how many more there are."""
        more = len(self.next_names) - MAX_NAMES
        shown = ", ".join(self.next_names[:MAX_NAMES])
        return f"{shown} and {more} more" if more > 0 else shown

    @property
    def is_running(self) -> bool:
        """Whether further steps follow unless a person acknowledges."""
        return self.escalation.phase == Phase.RUNNING and self.escalation.state == "pending"

    @property
    def is_held(self) -> bool:
        """Whether an acknowledgement holds it."""
        return self.escalation.phase == Phase.ACKNOWLEDGED and self.escalation.state == "pending"


def shown_escalation(actor: Actor, incident: Incident, *, now: datetime) -> ShownEscalation | None:
    """The escalation of an incident, or None if no policy matches. Raises Forbidden."""
    escalation = escalation_of(actor, incident)
    if escalation is None:
        return None
    plan = plan_from(escalation.snapshot)
    place = escalation.position if escalation.position < len(plan.steps) else 0
    is_over = escalation.phase == Phase.ENDED or incident.status not in UNRESOLVED
    is_last = escalation.position >= len(plan.steps)
    entry = _last_page(escalation, incident)
    return ShownEscalation(
        escalation=escalation,
        cursor=cursor_of(escalation),
        paged=entry.message if entry else "",
        paged_at=entry.occurred_at if entry else None,
        next_names=() if is_over or is_last else _names(incident, plan.steps[place], now),
        next_step=place + 1,
        steps=len(plan.steps),
        rounds=plan.repeat + 1,
    )


def _last_page(escalation: Escalation, incident: Incident) -> TimelineEntry | None:
    rows = TimelineEntry.objects.of(incident.workspace_id).filter(
        incident=incident, kind=EntryKind.NOTIFICATION, data__has_key="escalation"
    )
    found: TimelineEntry | None = rows.order_by("-occurred_at", "-id").first()
    return found


def _names(incident: Incident, step: Step, now: datetime) -> tuple[str, ...]:
    """Whom the step names now; resolved again when it is due."""
    reached = reached_by(incident, step.targets, now=now)
    people = [f"{reached.labels[pk]} ({why})" for pk, why in reached.people.items()]
    return (*people, *_channels(incident, reached)) or ("no one at this moment",)


def _channels(incident: Incident, reached: ResolvedTargets) -> list[str]:
    if not reached.channels:
        return []
    rows = Channel.objects.of(incident.workspace_id).filter(pk__in=reached.channels)
    return [f"channel {name}" for name in rows.order_by("name").values_list("name", flat=True)]
