"""Acknowledges and edits incidents; changes status, stage and severity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.actor import Actor
from incidents.components.services.affected_components import remove_component, set_component_impact
from incidents.events import (
    IncidentChanged,
    IncidentSeverityChanged,
    IncidentStageChanged,
)
from incidents.lifecycle.services.locked_change import Change, change
from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.lifecycle.services.transitions import move_to
from incidents.models import Incident
from incidents.parsing import as_severity, as_stage, as_status_or_stage, as_type
from incidents.sla.services.clocks import clocks_for, set_deadlines
from incidents.stages.services.entering import skip_stages, skipped_between
from incidents.timeline.change_words import change_words
from incidents.validation import clean_count, clean_labels, clean_metadata, clean_text, clean_title, invalid
from incidents.vocabulary import Basis, EntryKind, IncidentType, Severity, Stage, Status

__all__ = [
    "acknowledge_incident", "change_severity", "change_stage", "change_status", "edit_incident",
    "remove_component", "set_component_impact",
]  # fmt: skip


def change_status(
    actor: Actor,
    *,
    status: Status | str,
    number: int | str | None = None,
    incident_id: int | None = None,
    message: str = "",
    is_public: bool | None = None,
    version: int | None = None,
) -> Incident:
    """Change to any status that may follow, with a message for the timeline; `is_public` None means internal.

    Aliases are accepted; a stage name ("containing") changes the stage instead. `investigating` reopens a
    resolved incident. Repeated by the same actor: nothing changes. Raises Conflict, Invalid, NotFound,
    Forbidden.
    """
    wanted = as_status_or_stage(status)

    def work(it: Change) -> None:
        if isinstance(wanted, Stage):
            _set_stage(it, wanted, message)
        else:
            move_to(it, wanted, message, is_public)

    may_reopen = wanted == Status.INVESTIGATING
    return change(actor, work, number=number, incident_id=incident_id, version=version, in_line=may_reopen)


def change_stage(
    actor: Actor,
    *,
    stage: Stage | str,
    number: int | str | None = None,
    incident_id: int | None = None,
    message: str = "",
    version: int | None = None,
) -> Incident:
    """Change the stage of the response; any may follow any. The current one again changes nothing.

    Skipping stages the incident was never in needs a `message`, the reason. Raises Conflict (stale), Invalid,
    NotFound, Forbidden.
    """
    wanted = as_stage(stage)

    def work(it: Change) -> None:
        _set_stage(it, wanted, message)

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def _set_stage(it: Change, stage: Stage, message: str) -> None:
    text, before = clean_text("message", message), Stage(it.incident.stage)
    if stage == before:
        return
    it.refuse_stale()
    skipped = skipped_between(it.incident, before, stage)
    if skipped and not text:
        names = ", ".join(one.label.lower() for one in skipped)
        raise invalid("message", "skip", f"must say why {names} is skipped")
    it.incident.stage = stage
    it.save()
    skip_stages(it.incident, skipped, text, it.at)
    data: dict[str, Any] = {"from": before.value, "stage": stage.value}
    if skipped:
        data["skipped"] = [one.value for one in skipped]
    it.note(EntryKind.STAGE_CHANGE, text or f"Stage: {before.label} → {stage.label}.", **data)
    summary = f"{it.incident.reference}: stage {before} -> {stage}"
    it.finish("incident.stage", summary, [IncidentStageChanged(*it.ids, before.value, stage.value)])


def change_severity(
    actor: Actor,
    *,
    severity: Severity | str,
    number: int | str | None = None,
    incident_id: int | None = None,
    message: str = "",
    version: int | None = None,
) -> Incident:
    """Set the severity and recompute the deadlines from detection. The current one again changes nothing.

    Raises Conflict (stale), Invalid, NotFound, Forbidden.
    """
    wanted = as_severity(severity)

    def work(it: Change) -> None:
        text, before = clean_text("message", message), Severity(it.incident.severity)
        if wanted == before:
            return
        it.refuse_stale()
        it.incident.severity, it.incident.severity_basis = wanted, _basis_of(actor)
        _recompute_clocks(it.incident)
        it.save()
        data: dict[str, Any] = {"from": before.value, "severity": wanted.value}
        it.note(EntryKind.SEVERITY_CHANGE, text or f"Severity: {before.label} → {wanted.label}.", **data)
        summary = f"{it.incident.reference}: severity {before} -> {wanted}"
        it.finish(
            "incident.severity", summary, [IncidentSeverityChanged(*it.ids, before.value, wanted.value)]
        )

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def _basis_of(actor: Actor) -> Basis:
    """Return the basis of a type or severity set by this actor: a sender's counts as a specific finding."""
    return Basis.EVENT_TYPE if actor.kind in ("source", "system") else Basis.PERSON


def _recompute_clocks(incident: Incident) -> None:
    set_deadlines(incident, clocks_for(incident))
    if not incident.is_unresolved:
        incident.update_due_at = None


def edit_incident(
    actor: Actor,
    *,
    number: int | str | None = None,
    incident_id: int | None = None,
    title: str | None = None,
    description: str | None = None,
    impact: str | None = None,
    root_cause: str | None = None,
    labels: Mapping[str, str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    incident_type: IncidentType | str | None = None,
    users_impacted: int | str | None = None,
    version: int | None = None,
) -> Incident:
    """Change fields; None keeps a field, `labels` and `metadata` replace all.

    Equal values change nothing.

    `users_impacted`: a whole number, or "" for unknown.

    Raises Conflict (stale), Invalid naming the field, NotFound, Forbidden.
    """
    wanted: dict[str, object] = {
        "title": None if title is None else clean_title(title),
        "description": None if description is None else clean_text("description", description),
        "impact": None if impact is None else clean_text("impact", impact),
        "root_cause": None if root_cause is None else clean_text("root_cause", root_cause),
        "labels": None if labels is None else clean_labels(labels),
        "metadata": None if metadata is None else clean_metadata(metadata),
        "incident_type": None if incident_type is None else as_type(incident_type),
    }

    given = {name: value for name, value in wanted.items() if value is not None}
    if users_impacted is not None:
        given["users_impacted"] = clean_count("users_impacted", users_impacted)

    def work(it: Change) -> None:
        _edit(it, given)

    return change(actor, work, number=number, incident_id=incident_id, version=version)


def _edit(it: Change, wanted: Mapping[str, object]) -> None:
    changed = [name for name, value in wanted.items() if getattr(it.incident, name) != value]
    if not changed:
        return
    it.refuse_stale()
    before = {name: getattr(it.incident, name) for name in changed}
    for name in changed:
        setattr(it.incident, name, wanted[name])
    if "incident_type" in changed:
        it.incident.type_basis = _basis_of(it.actor)
    it.save()
    words = change_words({name: (before[name], wanted[name]) for name in changed})
    it.note(EntryKind.CHANGE, words, fields=changed)
    it.finish("incident.edit", f"{it.incident.reference}: {words}", [IncidentChanged(*it.ids)])
