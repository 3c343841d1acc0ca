"""What people type about an incident. Forms shape input; the services decide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms

from accounts.actor import Actor
from accounts.selectors import members_of
from core.ui.forms import LongSelect
from incidents.lifecycle.state_machine import next_statuses
from incidents.models import Incident
from incidents.vocabulary import Impact, IncidentType, ResponseRole, Severity, Status

TITLE_WIDGET = {
    "maxlength": "200",
    "autocomplete": "off",
    "placeholder": "Checkout returns 502 for every card payment",
}


def dress(form: forms.BaseForm) -> None:
    """Give the widgets their classes, and those with errors what points to them."""
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
    """A text of several lines, up to 20,000 characters."""
    return forms.CharField(
        label=label, required=required, max_length=20_000, widget=forms.Textarea(attrs={"rows": str(rows)})
    )


class ActionForm(forms.Form):
    """One action on one incident, as its page was when the form was made (`version`)."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, incident: Incident, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incident, self.actor = incident, actor
        self.fields["version"].initial = incident.version
        self.prepare()

    def prepare(self) -> None:
        """Fill choices and initial values from `self.incident` and `self.actor`."""

    def styled(self) -> ActionForm:
        """The form with its widgets dressed, errors marked."""
        dress(self)
        return self


class AcknowledgeForm(ActionForm):
    """Somebody has it."""

    note = words_field("Note (optional)", rows=2)


class StatusForm(ActionForm):
    """Move on, with a word to whoever waits."""

    status = forms.ChoiceField(label="New status")
    message = words_field("Message")
    is_public = forms.BooleanField(label="Public: show the message to stakeholders", required=False)

    def prepare(self) -> None:
        moves = [s for s in next_statuses(Status(self.incident.status)) if s != Status.CLOSED]
        asked = str(self.data.get("status", ""))
        gone = [Status(asked)] if asked in Status.values and Status(asked) not in moves else []
        _offer(self, "status", [(s.value, s.label) for s in (*moves, *gone)])


class ResolveForm(ActionForm):
    """It is over."""

    message = words_field("What fixed it?")
    root_cause = words_field("Root cause, if known", rows=2)
    is_public = forms.BooleanField(label="Public: show the message to stakeholders", required=False)

    def prepare(self) -> None:
        self.fields["root_cause"].initial = self.incident.root_cause


class MessageForm(ActionForm):
    """Close or reopen, saying why."""

    message = words_field("Why?", rows=2)
    is_public = forms.BooleanField(label="Public: show the message to stakeholders", required=False)


class AssignForm(ActionForm):
    """Who takes a role; nobody hands it back."""

    role = forms.ChoiceField(label="Role", choices=ResponseRole.choices)
    username = forms.ChoiceField(label="Person", required=False, widget=LongSelect)

    def prepare(self) -> None:
        people = [(m.user.username, m.user.label) for m in members_of(self.actor)]
        _offer(self, "username", [("", "Nobody"), *people])


class SeverityForm(ActionForm):
    """How bad it is."""

    severity = forms.ChoiceField(label="Severity", choices=Severity.choices, widget=forms.RadioSelect)
    message = words_field("Why? (optional)", rows=2)

    def prepare(self) -> None:
        self.fields["severity"].initial = self.incident.severity


class ComponentForm(ActionForm):
    """What it touches, and how badly; or that it does not after all."""

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
    """A note for the responders, or an update for whoever waits."""

    message = words_field("Add to the timeline", required=True, rows=2)
    audience = forms.ChoiceField(
        choices=[("internal", "Internal note"), ("public", "Public update")],
        initial="internal",
        widget=forms.RadioSelect,
    )
    request_key = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    def prepare(self) -> None:
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
    request_key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def styled(self) -> DeclareForm:
        """The form with its widgets dressed, errors marked."""
        dress(self)
        return self
