"""Correlates signals with open incidents."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, LiteralString

from core.reasons import Reason
from core.sql.prepared import send
from incidents.correlation.detection_signals import Signal
from incidents.correlation.type_and_severity import TypeAndSeverity, joined
from incidents.lifecycle.services.incident_numbers import locking_counter
from incidents.lifecycle.severity_matrix import Escalation, Fact, raises, worst_facts
from incidents.models import Incident
from incidents.sla.services.clocks import request_policy, set_deadlines
from incidents.validation import TITLE_LENGTH, fit, fit_text
from incidents.vocabulary import UNRESOLVED, Basis, IncidentSource, IncidentType, Severity

_KNOWN: Final[LiteralString] = """
select s.incident_id, s.fingerprint, s.last_at
  from incidents_incidentsignal s join incidents_incident i on i.id = s.incident_id
 where s.workspace_id = %s::bigint and s.fingerprint = any(%s::text[]) and i.status = any(%s::text[])
 order by s.incident_id
"""


@dataclass(slots=True)
class IncidentDraft:
    """One incident involved in this call.

    `newcomers` are signals of detectors new to it, `news` those of known detectors with a timeline entry.
    """

    incident: Incident
    is_new: bool
    last_seen: dict[str, datetime] = field(default_factory=dict)
    signals: list[Signal] = field(default_factory=list)
    newcomers: list[Signal] = field(default_factory=list)
    news: list[Signal] = field(default_factory=list)
    facts: dict[str, Fact] = field(default_factory=dict)
    severity_before: Severity | None = None
    type_before: IncidentType | None = None
    escalation: Escalation | None = None


class Correlator:
    """Correlates the signals of one workspace while its counter is locked."""

    def __init__(self, workspace_id: int, signals: Sequence[Signal], now: datetime) -> None:
        self.workspace_id = workspace_id
        self.now = now
        self.signals = signals
        counter, policy = locking_counter(workspace_id), request_policy(workspace_id)
        fingerprints = sorted({signal.fingerprint for signal in signals})
        self._known = send(_KNOWN, [workspace_id, fingerprints, [*UNRESOLVED]])
        self.counter, self.policy = counter(), policy()
        self.outcomes: list[tuple[IncidentDraft, bool]] = []
        self.reasons: list[Reason] = []  # why each signal went to its incident
        self._homes: dict[int, int] = {}
        self._by_id: dict[int, IncidentDraft] = {}
        self._by_fingerprint: dict[str, IncidentDraft] = {}

    def sort(self, signals: Sequence[Signal]) -> list[IncidentDraft]:
        """Return the drafts involved, each once, in order of first use.

        Afterwards `outcomes` has one pair per signal.
        """
        self._fetch(signals)
        for signal in signals:
            self.outcomes.append(self._place(signal))
        drafts = list({id(draft): draft for draft, _ in self.outcomes}.values())
        for draft in drafts:
            self._escalate(draft)
        return drafts

    def _fetch(self, signals: Sequence[Signal]) -> None:
        """Lock the unresolved incidents with these fingerprints or named by `joins`: three statements."""
        known = self._known.rows()
        named = {signal.joins for signal in signals if signal.joins is not None}
        self._homes = self._merged(named)
        ids = {incident_id for incident_id, *_ in known} | {self._homes.get(pk, pk) for pk in named}
        if not ids:
            return
        # The status is checked again under the lock: it may just have been resolved.
        locked = Incident.objects.of(self.workspace_id).filter(pk__in=ids, status__in=UNRESOLVED)
        self._by_id = {
            row.pk: IncidentDraft(row, is_new=False)
            for row in locked.order_by("id").select_for_update(of=("self",))
        }
        for incident_id, fingerprint, last_at in known:
            if draft := self._by_id.get(incident_id):
                draft.last_seen[fingerprint] = last_at
                self._by_fingerprint[fingerprint] = draft

    def _merged(self, ids: Collection[int]) -> dict[int, int]:
        """Return for merged incidents: id -> the incident they were merged into."""
        merged = Incident.objects.of(self.workspace_id).filter(pk__in=ids, merged_into__isnull=False)
        return dict(merged.values_list("pk", "merged_into_id")) if ids else {}

    def _place(self, signal: Signal) -> tuple[IncidentDraft, bool]:
        known = self._by_fingerprint.get(signal.fingerprint)
        draft = known or self._by_id.get(self._homes.get(signal.joins or 0, signal.joins or 0))
        if draft is None and signal.follows is not None:
            draft = self.outcomes[signal.follows][0]
        is_opening = draft is None
        shared = Reason.KNOWN_SIGNAL if known else Reason.SHARED_EVENTS
        self.reasons.append(Reason.NEW_SIGNAL if is_opening else shared)
        if draft is None:
            draft = IncidentDraft(
                self._opened(signal), is_new=True, last_seen={signal.fingerprint: signal.last_at}
            )
        else:
            self._join(draft, signal)
        draft.signals.append(signal)
        draft.facts = worst_facts([draft.facts, signal.facts])
        self._by_fingerprint[signal.fingerprint] = draft
        return draft, is_opening

    def _opened(self, signal: Signal) -> Incident:
        incident = Incident(
            workspace_id=self.workspace_id,
            title=fit(signal.title, TITLE_LENGTH) or "Untitled finding",
            description=fit_text(signal.description),
            severity=signal.severity,
            incident_type=signal.incident_type,
            type_basis=signal.type_basis,
            severity_basis=signal.severity_basis,
            labels=dict(signal.labels),
            source=IncidentSource.DETECTED,
            is_drill=self.counter.opens_drills,
            fingerprint=signal.fingerprint,
            event_count=signal.event_count,
            started_at=min(signal.started_at, self.now),
            detected_at=self.now,
            last_event_at=signal.last_at,
            updated_at=self.now,
        )
        set_deadlines(incident, self.policy[signal.severity])
        return incident

    def _join(self, draft: IncidentDraft, signal: Signal) -> None:
        incident = draft.incident
        incident.event_count += signal.event_count
        incident.last_event_at = max(incident.last_event_at or signal.last_at, signal.last_at)
        incident.updated_at = self.now
        if signal.fingerprint not in draft.last_seen:
            draft.newcomers.append(signal)
            self._update_type_and_severity(draft, signal)
        elif signal.note:
            draft.news.append(signal)
        seen = draft.last_seen.get(signal.fingerprint, signal.last_at)
        draft.last_seen[signal.fingerprint] = max(seen, signal.last_at)

    def _update_type_and_severity(self, draft: IncidentDraft, signal: Signal) -> None:
        # Only a detector new to the incident decides: a known one must not overrule what a person set.
        now = type_and_severity_of(draft.incident)
        after = joined(
            now,
            TypeAndSeverity(signal.incident_type, signal.type_basis, signal.severity, signal.severity_basis),
        )
        if after.incident_type != now.incident_type:
            self._rename(draft, now.incident_type, signal)
        draft.incident.incident_type, draft.incident.type_basis = after.incident_type, after.type_basis
        draft.incident.severity_basis = after.severity_basis
        if after.severity != now.severity:
            self._set_severity(draft, after.severity)

    def _rename(self, draft: IncidentDraft, before: IncidentType, signal: Signal) -> None:
        """Record the former type; a title made from it changes with it, one written by a person stays."""
        draft.type_before = draft.type_before or before
        if draft.incident.title.startswith(f"{before.label} in "):
            draft.incident.title = fit(signal.title, TITLE_LENGTH) or draft.incident.title

    def _set_severity(self, draft: IncidentDraft, severity: Severity) -> None:
        draft.severity_before = draft.severity_before or Severity(draft.incident.severity)
        draft.incident.severity = severity
        set_deadlines(draft.incident, self.policy[severity])

    def _escalate(self, draft: IncidentDraft) -> None:
        """Raise the severity if a measured fact requires it; counts as one change of the incident."""
        now = type_and_severity_of(draft.incident)
        if now.severity_basis != Basis.PERSON:
            draft.escalation = raises(now.incident_type, now.severity, draft.facts)
        if draft.escalation:
            self._set_severity(draft, draft.escalation.to)
        if not draft.is_new and (draft.severity_before or draft.type_before):
            draft.incident.version += 1


def type_and_severity_of(incident: Incident) -> TypeAndSeverity:
    """Return the incident's type and severity, and their basis."""
    return TypeAndSeverity(
        IncidentType(incident.incident_type),
        Basis(incident.type_basis),
        Severity(incident.severity),
        Basis(incident.severity_basis),
    )
