"""Finds discrepancies between the status page and incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from incidents.vocabulary import UNRESOLVED, Severity
from status.vocabulary import ComponentState

MAX_SILENCE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """The internal and the public state of an incident."""

    incident_id: int
    reference: str
    severity: str
    status: str
    detected_at: datetime
    update_due_at: datetime | None
    is_published: bool
    component_states: Sequence[str]  # public state of its components
    held_entries: Sequence[tuple[int, str]] = ()  # held entry, reason


@dataclass(frozen=True, slots=True)
class Drift:
    """A discrepancy, identified by `kind` and `incident_id`."""

    kind: str
    words: str
    incident_id: int | None = None
    reference: str = ""
    entry_id: int | None = None

    @property
    def key(self) -> str:
        """Key of the warning."""
        return f"status:{self.kind}:{self.incident_id or ''}:{self.entry_id or ''}"


def drifts_of(facts: Iterable[IncidentFacts], now: datetime) -> list[Drift]:
    """Discrepancies between the page and incidents."""
    return [drift for one in facts for drift in _of(one, now)]


def _of(one: IncidentFacts, now: datetime) -> list[Drift]:
    found, named = [], (one.incident_id, one.reference)
    is_open = one.status in {status.value for status in UNRESOLVED}
    is_green = all(state == ComponentState.OPERATIONAL for state in one.component_states)
    if is_open and one.severity == Severity.SEV1 and now - one.detected_at >= MAX_SILENCE:
        if not one.is_published:
            words = f"{one.reference} is a SEV1 open for more than 15 minutes and is not on the status page."
            found.append(Drift("unpublished", words, *named))
        if is_green:
            words = f"{one.reference} is a SEV1 open for more than 15 minutes; the page shows no disruption."
            found.append(Drift("green", words, *named))
    if is_open and one.is_published and one.update_due_at and one.update_due_at < now:
        found.append(Drift("overdue", f"The public update of {one.reference} is overdue.", *named))
    for entry_id, why in one.held_entries:
        words = f"A public entry of {one.reference} is held and not published. {why}"
        found.append(Drift("held", words, *named, entry_id))
    return found


def manual_drifts(components: Iterable[tuple[str, str, bool]]) -> list[Drift]:
    """Components set manually to a disruption without an open incident: (name, state, explanation)."""
    return [
        Drift(
            "manual",
            f"{name} is set manually to {ComponentState(state).label.lower()}; no open incident affects it.",
        )
        for name, state, is_explained in components
        if state and state != ComponentState.OPERATIONAL and not is_explained
    ]
