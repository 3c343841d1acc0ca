"""Corrects times of an incident, with a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone

from accounts.actor import Actor
from incidents.events import IncidentChanged
from incidents.lifecycle.services.locked_change import Change, change
from incidents.models import AffectedComponent, AutoResolution, Incident
from incidents.sla.services.clocks import clocks_for, move_met_clocks, set_deadlines
from incidents.validation import clean_line, clean_past, invalid
from incidents.vocabulary import EntryKind

TIMES: Final = {
    "started_at": "Started", "detected_at": "Detected", "acknowledged_at": "Acknowledged",
    "mitigated_at": "Mitigated", "resolved_at": "Resolved",
}  # fmt: skip
MIN_REASON_CHARS: Final = 10
# Each may not be before the one it is listed under.
_ORDER: Final = (
    ("detected_at", "started_at"), ("acknowledged_at", "detected_at"), ("mitigated_at", "detected_at"),
    ("resolved_at", "detected_at"), ("resolved_at", "mitigated_at"),
)  # fmt: skip


def correct_times(
    actor: Actor, *, number: int | str, reason: str, version: int | None = None, **times: datetime | None
) -> Incident:
    """Correct times that were recorded wrongly; None keeps a time. Deadlines follow the detection.

    A missing time is not added, except `mitigated_at`. Raises Invalid naming the field, Conflict (stale),
    NotFound, Forbidden.
    """
    if unknown := sorted(set(times) - set(TIMES)):
        raise TypeError(f"an incident has no time {unknown[0]}")
    words = clean_line("reason", reason, 500)
    if len(words) < MIN_REASON_CHARS:
        raise invalid("reason", "min_length", f"must have at least {MIN_REASON_CHARS} characters")
    now = timezone.now()
    given = {name: clean_past(name, at, now) for name, at in times.items() if at is not None}

    def work(it: Change) -> None:
        _correct(it, given, words)

    return change(actor, work, number=number, version=version)


def _correct(it: Change, given: dict[str, datetime], reason: str) -> None:
    incident = it.incident
    changed = [name for name, at in given.items() if getattr(incident, name) != at]
    if not changed:
        return
    it.refuse_stale()
    for name in changed:
        if getattr(incident, name) is None and name != "mitigated_at":
            raise invalid(name, "missing", f"cannot be corrected: {incident.reference} has none")
    before: dict[str, Any] = {name: getattr(incident, name) for name in changed}
    for name in changed:
        setattr(incident, name, given[name])
    _refuse_disorder(incident)
    if "detected_at" in changed:
        update_due_at = incident.update_due_at
        set_deadlines(incident, clocks_for(incident))
        incident.update_due_at = update_due_at  # counted from the last update, which did not move
    it.save()
    if "detected_at" in changed:
        move_met_clocks(incident, before["detected_at"])
    if "resolved_at" in changed:
        _move_resolution(incident, before["resolved_at"])
    moves = [f"{TIMES[name]}: {_shown(before[name])} → {_shown(given[name])}" for name in changed]
    text = f"Times corrected. {'; '.join(moves)}. Reason: {reason}"
    it.note(EntryKind.CHANGE, text, fields=changed)
    it.finish("incident.times", f"{incident.reference}: {text}"[:500], [IncidentChanged(*it.ids)])


def _move_resolution(incident: Incident, before: datetime | None) -> None:
    """Move along what was recorded with the former time of its resolution."""
    at = incident.resolved_at
    automatic = AutoResolution.objects.of(incident.workspace_id).filter(incident=incident)
    automatic.filter(resolved_at=before).update(resolved_at=at)
    affected = AffectedComponent.objects.of(incident.workspace_id).filter(incident=incident)
    affected.filter(restored_at=before).update(restored_at=at)


def _refuse_disorder(incident: Incident) -> None:
    for later, earlier in _ORDER:
        after, before = getattr(incident, later), getattr(incident, earlier)
        if after is not None and before is not None and after < before:
            label = TIMES[earlier].lower()
            raise invalid(later, "order", f"must not be before the incident was {label}: {_shown(before)}")
    if incident.closed_at and incident.resolved_at and incident.closed_at < incident.resolved_at:
        raise invalid("resolved_at", "order", "must not be after the closing")


def _shown(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "none"
