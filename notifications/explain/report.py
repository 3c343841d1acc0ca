"""Explains why an incident opened and who was notified or not; and the same for one person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet

from accounts.actor import Actor
from accounts.models import User
from accounts.permissions import Capability, require
from accounts.selectors import member_named
from core.errors import FieldFault, Invalid, NotFound
from incidents.explain.models import Decision
from incidents.explain.pruning import DECISION_RETENTION
from incidents.models import Incident
from incidents.privacy.selectors import hidden_from, seen_by
from incidents.selectors import incident_for
from notifications.deliveries.models import Delivery, DeliveryAttempt
from notifications.explain.unnamed import Absence, absences

MAX_LINES: Final = 500
MAX_INCIDENTS: Final = 50
DEFAULT_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Line:
    """A decision; for a planned delivery also its current state and all attempts."""

    decision: Decision
    delivery: Delivery | None = None
    attempts: Sequence[DeliveryAttempt] = ()


@dataclass(frozen=True, slots=True)
class IncidentReport:
    """Why an incident opened or was joined, and the notification decisions. Oldest first."""

    incident: Incident
    opening: Sequence[Line]
    notifying: Sequence[Line]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class PersonReport:
    """Decisions about one person, newest first, and the incidents they were not notified of."""

    person: User
    since: datetime
    lines: Sequence[Line]
    incidents: dict[int, Incident] = field(default_factory=dict)
    absences: Sequence[Absence] = ()


def incident_report(actor: Actor, reference: int | str) -> IncidentReport:
    """The report of an incident. Raises Forbidden, Invalid, NotFound (also if private to others)."""
    require(actor, Capability.CHANNELS_READ)
    incident = incident_for(actor, reference)
    rows = Decision.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
    found = list(rows.select_related("user").order_by("pk")[: MAX_LINES + 1])
    lines = _lines(actor.workspace_id, found[:MAX_LINES])
    opening = [one for one in lines if one.decision.stage == Decision.Stage.DETECTION]
    notifying = [one for one in lines if one.decision.stage != Decision.Stage.DETECTION]
    return IncidentReport(incident, opening, notifying, len(found) > MAX_LINES)


def person_report(actor: Actor, username: str, *, days: int, now: datetime) -> PersonReport:
    """Why a member was or was not notified in the last days, as far as visible to the actor. "me": the actor.

    Raises Forbidden, NotFound, Invalid (days).
    """
    require(actor, Capability.CHANNELS_READ)
    if not 1 <= days <= DECISION_RETENTION.days:
        text = f"must be 1 to {DECISION_RETENTION.days}: decisions are retained that long"
        raise Invalid(f"days {text}.", faults=[FieldFault("days", "range", text)])
    person, since = _member(actor, username), now - timedelta(days=days)
    rows = Decision.objects.of(actor.workspace_id).filter(user_id=person.pk, at__gte=since)
    rows = rows.exclude(incident_id__in=hidden_from(actor).values("pk"))
    lines = _lines(actor.workspace_id, rows.order_by("-pk")[:MAX_LINES])
    notified = {one.decision.incident_id for one in lines}
    recent = seen_by(actor).filter(detected_at__gte=since)
    others = recent.exclude(pk__in=[pk for pk in notified if pk]).order_by("-detected_at")[:MAX_INCIDENTS]
    incidents = {one.pk: one for one in seen_by(actor).filter(pk__in=[pk for pk in notified if pk])}
    return PersonReport(person, since, lines, incidents, absences(actor.workspace_id, person, list(others)))


def _member(actor: Actor, username: str) -> User:
    require(actor, Capability.CHANNELS_READ)
    if username == "me":
        mine = User.objects.filter(pk=actor.user_id or 0).first()
        if mine is None:
            raise NotFound("This token has no user: name a member.")
        return mine
    require(actor, Capability.MEMBERS_READ)
    membership = member_named(actor, username)
    if membership is None:
        raise NotFound("There is no such member in this workspace.")
    return membership.user


def _lines(workspace_id: int, decisions: Iterable[Decision]) -> list[Line]:
    found = list(decisions)
    deliveries = _deliveries(workspace_id, found)
    attempts: dict[int, list[DeliveryAttempt]] = {}
    tried = DeliveryAttempt.objects.of(workspace_id).filter(
        delivery_id__in=[d.pk for d in deliveries.values()]
    )
    for attempt in tried.order_by("number"):
        attempts.setdefault(attempt.delivery_id, []).append(attempt)
    lines = []
    for one in found:
        delivery = deliveries.get(_place(one.data))
        lines.append(Line(one, delivery, attempts.get(delivery.pk, ()) if delivery else ()))
    return lines


def _place(data: dict[str, Any]) -> tuple[str, str]:
    return data.get("event_key", ""), data.get("destination", "")


def _deliveries(workspace_id: int, decisions: Sequence[Decision]) -> dict[tuple[str, str], Delivery]:
    """Deliveries planned by the decisions, by event and destination."""
    keys = {_place(one.data) for one in decisions} - {("", "")}
    if not keys:
        return {}
    events = [event for event, _ in keys]
    rows: QuerySet[Delivery] = Delivery.objects.of(workspace_id).filter(Q(event_key__in=events))
    found = {(row.event_key, row.destination): row for row in rows.defer("payload")}
    return {key: row for key, row in found.items() if key in keys}
