"""Actions of the incident page: form and service of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from accounts.actor import Actor
from core.errors import NotFound
from incidents.bulk.models import BulkKind
from incidents.components.services import affected_components
from incidents.handoff import forms as handoff_forms
from incidents.handoff import services as handoff_services
from incidents.lifecycle import forms as lifecycle_forms
from incidents.lifecycle.services import correcting, resolving, responding
from incidents.lifecycle.times_forms import TimesForm
from incidents.links import services as link_services
from incidents.merging import services as merge_services
from incidents.privacy import forms as privacy_forms
from incidents.privacy import services as privacy_services
from incidents.recovery import forms as recovery_forms
from incidents.recovery import services as recovery_services
from incidents.roles import services as role_services
from incidents.selectors import incident_for
from incidents.stages.services.checklists import tick_item
from incidents.timeline import amend_forms
from incidents.timeline import forms as timeline_forms
from incidents.timeline.services import amendments, entries, notes
from incidents.validation import invalid

Data = dict[str, Any]
Run = Callable[[Actor, int, Data], object]


@dataclass(frozen=True)
class Action:
    """One action. `message` is the toast, with {ref} for the incident; `kind` is the style of the button.

    `run` gets the cleaned data of the form (for fields of the incident only what was changed) and the
    version. `undo`: the kind of undoable action.
    """

    title: str
    submit: str
    form: type[lifecycle_forms.ActionForm]
    run: Run
    message: str
    kind: str = "primary"
    lead: str = ""
    undo: BulkKind | None = None
    has_preview: bool = False


def _acknowledge(actor: Actor, number: int, data: Data) -> None:
    responding.acknowledge_incident(actor, number=number, note=data["note"])


def _status(actor: Actor, number: int, data: Data) -> None:
    given = {name: data[name] for name in ("status", "message", "is_public", "version")}
    responding.change_status(actor, number=number, **given)


def _stage(actor: Actor, number: int, data: Data) -> None:
    responding.change_stage(actor, number=number, stage=data["stage"], message=data["message"])


def _tick(actor: Actor, number: int, data: Data) -> None:
    given = {name: data[name] for name in ("stage", "position", "ticked")}
    tick_item(actor, number=number, **given)


def _resolve(actor: Actor, number: int, data: Data) -> None:
    given = {name: data[name] for name in ("message", "is_public", "version")}
    resolving.resolve_incident(
        actor,
        number=number,
        root_cause=data["root_cause"] or None,
        keep_affected=data["still_affected"],
        **given,
    )


def _close(actor: Actor, number: int, data: Data) -> None:
    given = {name: data[name] for name in ("message", "is_public", "version")}
    resolving.close_incident(actor, number=number, **given)


def _reopen(actor: Actor, number: int, data: Data) -> None:
    given = {name: data[name] for name in ("message", "is_public", "version")}
    resolving.reopen_incident(actor, number=number, **given)


def _assign(actor: Actor, number: int, data: Data) -> None:
    role_services.assign_role(actor, number=number, role=data["role"], username=data["username"] or None)


def _hand_off(actor: Actor, number: int, data: Data) -> None:
    handoff_services.offer_role(actor, number=number, role=data["role"], username=data["username"])


def _offer_answer(actor: Actor, number: int, data: Data) -> None:
    handoff_services.answer_offer(actor, number=number, offer_id=data["offer"], accept=data["accept"])


def _severity(actor: Actor, number: int, data: Data) -> None:
    given = {name: data[name] for name in ("severity", "message", "version")}
    responding.change_severity(actor, number=number, **given)


def _edit(actor: Actor, number: int, data: Data) -> None:
    responding.edit_incident(actor, number=number, **data)


def _component(actor: Actor, number: int, data: Data) -> None:
    """Set the impact without a version: concurrent changes to other parts of the incident do not conflict."""
    if not data["impact"]:
        affected_components.remove_component(actor, number=number, component=data["component"])
        return
    given = {name: data[name] for name in ("component", "impact")}
    affected_components.set_component_impact(actor, number=number, **given)


def _note(actor: Actor, number: int, data: Data) -> None:
    given = {name: data[name] for name in ("message", "request_key")}
    if data["audience"] == "public":
        notes.add_update(actor, number=number, is_public=True, **given)
    else:
        notes.add_note(actor, number=number, **given)


def _update(actor: Actor, number: int, data: Data) -> None:
    minutes = data["next_update"]
    next_at = None if minutes is None else timezone.now() + timedelta(minutes=minutes)
    given = {name: data[name] for name in ("message", "request_key")}
    is_public = data["audience"] == "public"
    notes.add_update(actor, number=number, is_public=is_public, next_update_at=next_at, **given)


def _amends(kind: str, field: str = "message") -> Run:
    def run(actor: Actor, number: int, data: Data) -> None:
        given = {"entry_id": data["entry"], "message": data[field], "based_on": data["amendments"]}
        amendments.amend_entry(actor, number=number, kind=kind, **given)

    return run


def _pin(actor: Actor, number: int, data: Data) -> None:
    entries.pin_entry(actor, number=number, entry_id=data["entry"])


def _unpin(actor: Actor, number: int, data: Data) -> None:
    entries.unpin_entry(actor, number=number, entry_id=data["entry"])


def _entry_time(actor: Actor, number: int, data: Data) -> None:
    given = {"entry_id": data["entry"], "occurred_at": data["occurred_at"]}
    entries.correct_entry_time(actor, number=number, **given)


def _relate(actor: Actor, number: int, data: Data) -> None:
    try:
        link_services.relate_incidents(actor, number=number, other=data["other"])
    except NotFound as missing:
        incident_for(actor, number)
        raise invalid("other", "incident", "must be an incident of this workspace") from missing


def _unrelate(actor: Actor, number: int, data: Data) -> None:
    link_services.unrelate_incidents(actor, number=number, other=data["other"])


def _merge(actor: Actor, number: int, data: Data) -> None:
    try:
        merge_services.merge_incidents(actor, number=number, into=data["other"])
    except NotFound as missing:
        incident_for(actor, number)
        raise invalid("other", "incident", "must be an incident of this workspace") from missing


def _undo_merge(actor: Actor, number: int, data: Data) -> None:
    merge_services.undo_merge(actor, number=number)


def _dismiss(actor: Actor, number: int, data: Data) -> None:
    merge_services.dismiss_proposal(actor, number=number, other=data["other"])


def _verdict(actor: Actor, number: int, data: Data) -> None:
    if not data["verdict"]:
        recovery_services.clear_verdict(actor, number=number)
        return
    given = {name: data[name] for name in ("verdict", "reason", "note")}
    recovery_services.set_verdict(actor, number=number, **given)


def _edits(title: str, *names: str) -> Action:
    return Action(title, "Save", timeline_forms.changes_form(*names), _edit, "{ref} saved.")


def _privacy(actor: Actor, number: int, data: Data) -> None:
    is_private = data["visibility"] == privacy_forms.PRIVATE
    given = {"reason": data["reason"], "version": data["version"]}
    privacy_services.set_private(actor, number=number, is_private=is_private, **given)


def _invite(actor: Actor, number: int, data: Data) -> None:
    privacy_services.invite_person(actor, number=number, username=data["username"])


def _uninvite(actor: Actor, number: int, data: Data) -> None:
    privacy_services.remove_person(actor, number=number, username=data["username"])


def _times(actor: Actor, number: int, data: Data) -> None:
    times = {name: data.get(name) for name in correcting.TIMES}
    reason, version = data["reason"], data["version"]
    correcting.correct_times(actor, number=number, reason=reason, version=version, **times)


ACTIONS: Final = {
    "times": Action(
        "Correct times",
        "Save",
        TimesForm,
        _times,
        "{ref} saved.",
        lead="Deadlines, analytics and the draft of the postmortem follow.",
    ),
    "privacy": Action("Change visibility", "Save", privacy_forms.PrivacyForm, _privacy, "{ref} saved."),
    "invite": Action("Invite a person", "Invite", privacy_forms.InviteForm, _invite, "Invited to {ref}"),
    "uninvite": Action(
        "Remove an invited person", "Remove", privacy_forms.RemoveForm, _uninvite, "Removed from {ref}"
    ),
    "acknowledge": Action(
        "Acknowledge",
        "Acknowledge",
        lifecycle_forms.AcknowledgeForm,
        _acknowledge,
        "{ref} acknowledged",
        undo=BulkKind.ACKNOWLEDGE,
    ),
    "status": Action(
        "Change status", "Change status", lifecycle_forms.StatusForm, _status, "{ref}: status {status}."
    ),
    "stage": Action(
        "Change stage", "Change stage", timeline_forms.StageForm, _stage, "{ref}: stage {stage}."
    ),
    "tick": Action("Checklist item", "Save", timeline_forms.TickForm, _tick, "Checklist of {ref} saved."),
    "resolve": Action(
        "Resolve", "Resolve", lifecycle_forms.ResolveForm, _resolve, "{ref} resolved", undo=BulkKind.RESOLVE
    ),
    "close": Action("Close", "Close", lifecycle_forms.MessageForm, _close, "{ref} closed"),
    "reopen": Action("Reopen", "Reopen", lifecycle_forms.MessageForm, _reopen, "{ref} reopened"),
    "assign": Action(
        "Assign a role",
        "Assign",
        lifecycle_forms.AssignForm,
        _assign,
        "{ref}: roles updated.",
        undo=BulkKind.ASSIGN,
    ),
    "hand-off": Action(
        "Hand off a role",
        "Offer the role",
        handoff_forms.HandOffForm,
        _hand_off,
        "{ref}: role offered.",
        lead="The person has 10 minutes to accept. You hold the role until then, and retain it otherwise.",
    ),
    "offer-answer": Action(
        "Accept or decline an offer",
        "Answer",
        handoff_forms.OfferAnswerForm,
        _offer_answer,
        "{ref}: response to the offer saved.",
    ),
    "severity": Action(
        "Change severity",
        "Change severity",
        lifecycle_forms.SeverityForm,
        _severity,
        "{ref}: severity {severity}.",
    ),
    "edit": _edits(
        "Edit details",
        "title",
        "description",
        "impact",
        "users_impacted",
        "root_cause",
        "incident_type",
        "labels",
    ),
    "title": _edits("Rename", "title"),
    "description": _edits("Edit the description", "description"),
    "impact": _edits("Edit the impact", "impact"),
    "users-impacted": _edits("Edit users impacted", "users_impacted"),
    "root-cause": _edits("Edit the root cause", "root_cause"),
    "type": _edits("Change the type", "incident_type"),
    "labels": _edits("Edit the labels", "labels"),
    "component": Action(
        "Affected component",
        "Save",
        lifecycle_forms.ComponentForm,
        _component,
        "{ref}: components updated.",
    ),
    "note": Action("Add to the timeline", "Add", lifecycle_forms.NoteForm, _note, "Added to {ref}."),
    "update": Action(
        "Stakeholder update",
        "Send the update",
        amend_forms.UpdateForm,
        _update,
        "{ref}: update added.",
        has_preview=True,
    ),
    "reword": Action(
        "Edit the text",
        "Save",
        amend_forms.RewordForm,
        _amends("reworded"),
        "Text saved.",
        lead="The previous text stays visible.",
    ),
    "publish": Action(
        "Publish to stakeholders",
        "Publish",
        amend_forms.RewordForm,
        _amends("published"),
        "Published.",
        lead="Stakeholders see exactly this text. The internal text stays visible here.",
    ),
    "withdraw": Action(
        "Withdraw this entry",
        "Withdraw",
        amend_forms.WithdrawForm,
        _amends("withdrawn", "reason"),
        "Withdrawn.",
        lead="The entry stays in the timeline as withdrawn; its text stays visible.",
    ),
    "pin": Action(
        "Pin this entry", "Pin", timeline_forms.EntryForm, _pin, "Pinned.", lead="Pinned entries stay on top."
    ),
    "unpin": Action("Unpin this entry", "Unpin", timeline_forms.EntryForm, _unpin, "Unpinned."),
    "time": Action(
        "Correct the time", "Save", timeline_forms.EntryTimeForm, _entry_time, "Entry time corrected."
    ),
    "verdict": Action(
        "Real problem or false positive",
        "Save",
        recovery_forms.VerdictForm,
        _verdict,
        "{ref}: verdict saved.",
        lead="The rate of false positives helps to tune detection.",
    ),
    "relate": Action("Link an incident", "Link", timeline_forms.RelateForm, _relate, "{ref} linked."),
    "merge": Action(
        "Merge into another incident",
        "Merge",
        timeline_forms.RelateForm,
        _merge,
        "{ref} merged.",
        lead="This incident is closed and its signals move to the other one. Can be undone for 24 hours.",
    ),
    "undo-merge": Action(
        "Undo merge",
        "Undo merge",
        lifecycle_forms.ActionForm,
        _undo_merge,
        "{ref}: merge undone.",
        lead="The incident is open again and gets its signals back. Events received meanwhile stay.",
    ),
    "dismiss-proposal": Action(
        "Dismiss the proposal", "Dismiss", timeline_forms.RelateForm, _dismiss, "Proposal dismissed."
    ),
    "unrelate": Action("Unlink an incident", "Unlink", timeline_forms.RelateForm, _unrelate, "Unlinked."),
}
