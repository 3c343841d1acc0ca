"""Forms of incident actions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms

from accounts.actor import Actor
from accounts.selectors import members_of, username_of
from core.templatetags.ui import compact
from core.ui.forms import LongSelect
from incidents.lifecycle.state_machine import next_statuses
from incidents.models import Incident
from incidents.selectors import affected_components, roles_of
from incidents.vocabulary import Impact, IncidentType, ResponseRole, Severity, Status

TITLE_WIDGET = {
    "maxlength": "200",
    "autocomplete": "off",
    "placeholder": "Checkout returns 502 for every card payment",
}


def style_widgets(form: forms.BaseForm) -> None:
    """Set the widgets' classes and tie errors to their fields."""
    for name, field in form.fields.items():
        widget = field.widget
        if not isinstance(widget, forms.HiddenInput | forms.CheckboxInput | forms.RadioSelect):
            widget.attrs.setdefault("class", "input")
        if name in form.errors if form.is_bound else False:
            widget.attrs["aria-invalid"] = "true"
            widget.attrs["aria-describedby"] = f"{form[name].auto_id}_error"


def _offer(form: forms.Form, name: str, choices: Sequence[tuple[str, str]]) -> None:
    cast("forms.ChoiceField", form.fields[name]).choices = choices


def words_field(label: str, *, required: bool = False, rows: int = 3) -> forms.CharField:
    """Return a field for text of several lines, up to 20,000 characters."""
    return forms.CharField(
        label=label, required=required, max_length=20_000, widget=forms.Textarea(attrs={"rows": str(rows)})
    )


class ActionForm(forms.Form):
    """Form of one action on one incident, in the state the page showed (`version`)."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, incident: Incident, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incident, self.actor = incident, actor
        self.fields["version"].initial = incident.version
        self.prepare()

    def prepare(self) -> None:
        """Fill choices and initial values from `self.incident` and `self.actor`."""

    def toast(self, now: Incident) -> str:
        """Return the toast's message about the incident as it is `now`; empty: the action's own message."""
        return ""

    def preview(self) -> str:
        """Return the text to confirm before the action; empty: run it. Needs a valid form."""
        return ""

    def styled(self) -> ActionForm:
        """Return the form with styled widgets, errors marked."""
        style_widgets(self)
        return self


class AcknowledgeForm(ActionForm):
    """A note to go with the acknowledgement."""

    note = words_field("Note (optional)", rows=2)


class StatusForm(ActionForm):
    """New status, with a message for stakeholders."""

    status = forms.ChoiceField(label="New status")
    message = words_field("Message")
    is_public = forms.BooleanField(label="Public: the message is for stakeholders", required=False)

    def prepare(self) -> None:
        moves = [s for s in next_statuses(Status(self.incident.status)) if s != Status.CLOSED]
        requested = str(self.data.get("status", ""))
        gone = [Status(requested)] if requested in Status.values and Status(requested) not in moves else []
        _offer(self, "status", [(s.value, s.label) for s in (*moves, *gone)])

    def toast(self, now: Incident) -> str:
        return changed_words(now, "status", self.incident.get_status_display(), now.get_status_display())


class ResolveForm(ActionForm):
    """How it was fixed, and which components are restored."""

    message = words_field("What fixed it?")
    root_cause = words_field("Root cause, if known", rows=2)
    restored = forms.MultipleChoiceField(
        label="Restored components", required=False, widget=forms.CheckboxSelectMultiple
    )
    is_public = forms.BooleanField(label="Public: show the message to stakeholders", required=False)
    chosen = forms.CharField(required=False, widget=forms.HiddenInput, initial="1")

    def prepare(self) -> None:
        self.fields["root_cause"].initial = self.incident.root_cause
        affected = affected_components(self.actor, self.incident)
        self.affected = [one.component.name for one in affected if one.restored_at is None]
        _offer(self, "restored", [(name, name) for name in self.affected])
        self.fields["restored"].initial = self.affected
        if not self.affected:
            del self.fields["restored"]

    def still_affected(self) -> list[str]:
        """Return affected components whose box was unticked; none if the form did not show the boxes."""
        if not self.cleaned_data.get("chosen"):
            return []
        return [name for name in self.affected if name not in self.cleaned_data.get("restored", ())]

    def toast(self, now: Incident) -> str:
        if now.resolved_at is None:
            return ""
        return f"{now.reference} resolved in {compact(now.resolved_at - now.detected_at)}"


class MessageForm(ActionForm):
    """Close or reopen, with a reason."""

    message = words_field("Why?", rows=2)
    is_public = forms.BooleanField(label="Public: show the message to stakeholders", required=False)


class AssignForm(ActionForm):
    """Holder of a role; the last choice removes the holder."""

    role = forms.ChoiceField(label="Role", choices=ResponseRole.choices)
    username = forms.ChoiceField(label="Person", required=False, widget=LongSelect)

    def prepare(self) -> None:
        self.holders = {held.role: held.user for held in roles_of(self.actor, self.incident)}
        holder = self.holders.get(str(self.data.get("role") or self.initial.get("role") or "commander"))
        self.people = {m.user.username: m.user.label for m in members_of(self.actor)}
        removal = (
            f"Remove {holder.label}: leave the role unassigned" if holder else "Leave the role unassigned"
        )
        _offer(self, "username", [*self.people.items(), ("", removal)])
        me = username_of(self.actor)
        self.fields["username"].initial = holder.username if holder else me or ""

    def toast(self, now: Incident) -> str:
        role = ResponseRole(self.cleaned_data["role"])
        before, chosen = self.holders.get(role.value), self.cleaned_data["username"]
        if chosen == (before.username if before else ""):
            is_me = bool(before) and before is not None and before.pk == self.actor.user_id
            who = "You already are" if is_me else f"{before.label} already is" if before else "There is no"
            return f"{who} {role.label.lower()} of {now.reference}. Nothing changed."
        was = f" (was {before.label})" if before else ""
        if not chosen:
            return f"{now.reference}: {role.label.lower()} unassigned{was}"
        who = "You are" if chosen == username_of(self.actor) else f"{self.people.get(chosen, chosen)} is"
        return f"{who} now {role.label.lower()} of {now.reference}{was}"


class SeverityForm(ActionForm):
    """The severity."""

    severity = forms.ChoiceField(label="Severity", choices=Severity.choices, widget=forms.RadioSelect)
    message = words_field("Why? (optional)", rows=2)

    def prepare(self) -> None:
        self.fields["severity"].initial = self.incident.severity

    def toast(self, now: Incident) -> str:
        return changed_words(now, "", self.incident.get_severity_display(), now.get_severity_display())


def changed_words(now: Incident, what: str, before: str, after: str) -> str:
    """Return `INC-43: SEV2 → SEV1`, with old and new value."""
    lead = f"{now.reference}{f' {what}' if what else ''}: "
    return f"{lead}{before} → {after}" if before != after else f"{lead}{after} already. Nothing changed."


class ComponentForm(ActionForm):
    """Impact on a component, or that it is not affected."""

    component = forms.CharField(
        label="Component", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    impact = forms.ChoiceField(
        label="Impact",
        choices=[*Impact.choices, ("", "Not affected")],
        initial=Impact.DEGRADED,
        required=False,
    )


class NoteForm(ActionForm):
    """A note for the responders, or an update for stakeholders."""

    message = words_field("Add to the timeline", required=True, rows=2)
    audience = forms.ChoiceField(
        choices=[("internal", "Internal note"), ("public", "Public update")],
        initial="internal",
        widget=forms.RadioSelect,
    )
    request_key = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def prepare(self) -> None:
        self.fields["message"].widget.attrs["data-attach"] = (
            f"/incidents/{self.incident.reference}/attachments"
        )
        self.fields["request_key"].initial = uuid.uuid4().hex
        self.fields["message"].widget.attrs["placeholder"] = "What did you see, try or decide?"


class DeclareForm(forms.Form):
    """A new incident: a title and a severity, the rest defaulted."""

    title = forms.CharField(
        label="What is happening?", max_length=200, widget=forms.TextInput(attrs=TITLE_WIDGET)
    )
    severity = forms.ChoiceField(
        label="Severity", choices=Severity.choices, initial=Severity.SEV3, widget=forms.RadioSelect
    )
    incident_type = forms.ChoiceField(
        label="Type", choices=IncidentType.choices, initial=IncidentType.OTHER, required=False
    )
    components = forms.CharField(
        label="Components", required=False, max_length=1000, help_text="Comma-separated component names"
    )
    description = words_field("Description")
    project = forms.CharField(label="Project", required=False, max_length=200)
    is_private = forms.BooleanField(
        label="Private: only people you invite and admins can see it", required=False
    )
    request_key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def styled(self) -> DeclareForm:
        """Return the form with styled widgets, errors marked."""
        style_widgets(self)
        return self
