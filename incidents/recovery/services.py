"""Evaluates exit criteria, resolves incidents observed to recover, and stores reviews."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.actor import Actor, system_actor
from core.errors import Conflict
from core.outbox.events import publish
from incidents.events import IncidentChanged, IncidentRecoveryChecked
from incidents.lifecycle.services.locked_change import Change, change
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.models import (
    AutoResolution,
    ChecklistItem,
    CriterionResult,
    Incident,
    IncidentVerdict,
    TimelineEntry,
)
from incidents.recovery.criteria import CRITERIA, CriteriaResults, Outcome, Question, Verdict
from incidents.selectors import affected_of
from incidents.validation import clean_text, invalid
from incidents.vocabulary import EntryKind, IncidentSource, Stage

# Actions of a person after which the resolution still counts as automatic.
_NON_INTERVENING = (EntryKind.ACKNOWLEDGED, EntryKind.NOTE)


def evaluate_recovery(
    incident: Incident, *, since: datetime, now: datetime, window: timedelta
) -> CriteriaResults:
    """Evaluate every exit criterion on data since `since`, and store the results. Ticked items count."""
    components = [one.component.name for one in affected_of(incident.workspace_id, incident.pk)]
    question = Question(incident, components, since, now, window)
    ticked = _ticked(incident)
    found = [(one, ticked.get(one.name) or one.ask(question)) for one in CRITERIA]
    rows = [
        CriterionResult(
            workspace_id=incident.workspace_id, incident=incident, criterion=one.name,
            verdict=outcome.verdict.value, why=outcome.why[:500], is_positive=outcome.is_positive,
            is_measured=outcome.is_measured, since=since, checked_at=now,
        )
        for one, outcome in found
    ]  # fmt: skip
    _store(incident, rows)
    return CriteriaResults(found)


def _store(incident: Incident, rows: list[CriterionResult]) -> None:
    fields = ["verdict", "why", "is_positive", "is_measured", "since", "checked_at"]
    known = CriterionResult.objects.of(incident.workspace_id).filter(incident=incident)
    with transaction.atomic():
        before = dict(known.values_list("criterion", "verdict"))
        CriterionResult.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["incident", "criterion"], update_fields=fields
        )
        if before != {row.criterion: row.verdict for row in rows}:
            ids = (incident.workspace_id, incident.pk, incident.number, incident.version)
            publish(IncidentRecoveryChecked(*ids))


def _ticked(incident: Incident) -> dict[str, Outcome]:
    """Return exit criteria ticked in the checklist: they pass, but are no positive sign."""
    rows = ChecklistItem.objects.of(incident.workspace_id).filter(
        incident=incident, stage=Stage.RECOVERY, kind="exit", ticked_at__isnull=False
    )
    return {
        row.criterion: Outcome(Verdict.PASSED, f"Ticked by {row.ticked_label}.")
        for row in rows.exclude(criterion="")
    }


def resolve_recovered(workspace_id: int, incident_id: int, results: CriteriaResults, *, by_run: bool) -> bool:
    """Resolve a detected incident whose recovery was observed. Returns False if that no longer applies.

    `by_run`: a remediation run was carried out for it. Declared incidents are resolved by people only.
    """
    actor = system_actor(workspace_id)
    with transaction.atomic():
        locked = Incident.objects.of(workspace_id).select_for_update().filter(pk=incident_id).first()
        if locked is None or not _may_resolve(locked) or not results.is_recovered:
            return False
        by_action = by_run and not _people_changed(locked)
        message = f"Recovery observed: {results.signs}"
        try:
            done = resolve_incident(actor, incident_id=incident_id, message=message)
        except Conflict:
            return False
        AutoResolution.objects.of(workspace_id).update_or_create(
            workspace_id=workspace_id, incident_id=incident_id,
            defaults={"resolved_at": done.resolved_at, "by_action": by_action, "signs": results.signs},
        )  # fmt: skip
    return True


def _may_resolve(incident: Incident) -> bool:
    is_detected = incident.source == IncidentSource.DETECTED
    return incident.is_unresolved and is_detected and incident.stage == Stage.RECOVERY


def _people_changed(incident: Incident) -> bool:
    """Return whether a person changed anything but the acknowledgement."""
    entries = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident, author__isnull=False)
    return bool(entries.exclude(kind__in=_NON_INTERVENING).exists())


def set_verdict(
    actor: Actor, *, number: int | str, verdict: str, reason: str = "", note: str = ""
) -> Incident:
    """Mark a detected incident as a real problem or a false positive. Idempotent.

    A false positive needs a `reason`. Raises Invalid, NotFound, Forbidden, Conflict for a declared incident.
    """
    if verdict not in IncidentVerdict.Verdict.values:
        raise invalid("verdict", "choice", f"must be one of {', '.join(IncidentVerdict.Verdict.values)}")
    is_false = verdict == IncidentVerdict.Verdict.FALSE_POSITIVE
    if is_false and reason not in IncidentVerdict.Reason.values:
        raise invalid("reason", "choice", f"must be one of {', '.join(IncidentVerdict.Reason.values)}")
    text = clean_text("note", note)[:500]

    def work(it: Change) -> None:
        _store_verdict(it, verdict, reason if is_false else "", text)

    return change(actor, work, number=number)


def _store_verdict(it: Change, verdict: str, reason: str, note: str) -> None:
    if it.incident.source != IncidentSource.DETECTED:
        raise Conflict(f"{it.incident.reference} was declared by a person. Nothing was changed.")
    rows = IncidentVerdict.objects.of(it.incident.workspace_id)
    before = rows.filter(incident=it.incident).first()
    if before is not None and (before.verdict, before.reason, before.note) == (verdict, reason, note):
        return
    fields = {
        "verdict": verdict, "reason": reason, "note": note, "reviewed_by_id": it.actor.user_id,
        "reviewed_label": it.actor.label[:150], "reviewed_at": it.at,
    }  # fmt: skip
    where: dict[str, Any] = {"workspace_id": it.incident.workspace_id, "incident": it.incident}
    rows.update_or_create(**where, defaults=fields)
    label = IncidentVerdict.Verdict(verdict).label
    why = f": {IncidentVerdict.Reason(reason).label.lower()}" if reason else ""
    _finish(it, f"Verdict: {label.lower()}{why}.", [before.verdict if before else None, verdict])


def clear_verdict(actor: Actor, *, number: int | str) -> Incident:
    """Withdraw the verdict on an incident (idempotent). Raises NotFound, Forbidden."""

    def work(it: Change) -> None:
        rows = IncidentVerdict.objects.of(it.incident.workspace_id).filter(incident=it.incident)
        before = rows.first()
        if before is not None:
            rows.delete()
            _finish(it, "Verdict withdrawn.", [before.verdict, None])

    return change(actor, work, number=number)


def _finish(it: Change, message: str, pair: list[str | None]) -> None:
    it.touch()
    it.note(EntryKind.CHANGE, message, verdict=pair)
    summary = f"{it.incident.reference}: {message}"
    it.finish("incident.verdict", summary, [IncidentChanged(*it.ids)], {"verdict": pair})
