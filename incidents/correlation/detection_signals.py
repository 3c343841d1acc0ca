"""Signals from detection and their outcomes. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from incidents.lifecycle.severity_matrix import Fact
from incidents.vocabulary import Basis, IncidentType, Severity


@dataclass(frozen=True, slots=True)
class Signal:
    """One finding. `fingerprint` is 64 hex digits; `reporter` names the detector ("rule:error_burst").

    `event_count`: events newly linked by this signal, each counted once. `joins`: the id of an incident that
    already has some of these events, or None; an incident resolved since is not joined. `follows`: the index
    of an earlier signal of the same report that counted some of these events: it goes to the same incident.
    `note` is a text for the timeline, also if the incident knows the fingerprint; "" for the default text,
    once. `labels` are those of a new incident. `type_basis` and `severity_basis` say what its type and
    severity are based on; `facts` are measured from its events. `reporter_name`: what people call it.
    """

    fingerprint: str
    reporter: str
    incident_type: IncidentType
    severity: Severity
    title: str
    description: str
    started_at: datetime
    last_at: datetime
    event_count: int
    components: tuple[str, ...] = ()
    joins: int | None = None
    follows: int | None = None
    note: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    type_basis: Basis = Basis.LEVEL
    severity_basis: Basis = Basis.LEVEL
    facts: Mapping[str, Fact] = field(default_factory=dict)
    reporter_name: str = ""

    @property
    def reporter_words(self) -> str:
        """Return a name such as `the rule Errors from one service`; its id if it has no name."""
        kind, _, identifier = self.reporter.partition(":")
        return f"the {kind} {self.reporter_name or identifier}" if identifier else self.reporter


@dataclass(frozen=True, slots=True)
class Outcome:
    """The incident of a signal: `opened` is True for the one signal that opened it."""

    incident_id: int
    number: int
    opened: bool


@dataclass(frozen=True, slots=True)
class JoinedEvents:
    """`count` further events of an incident, the last at `last_at`, from these components."""

    incident_id: int
    count: int
    last_at: datetime
    components: tuple[str, ...] = ()
