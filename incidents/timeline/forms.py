"""Forms of timeline entries, links and single fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils import timezone

from incidents.lifecycle.forms import TITLE_WIDGET, ActionForm, changed_words, words_field
from incidents.models import Incident
from incidents.validation import LABELS
from incidents.vocabulary import IncidentType, Stage


@dataclass(frozen=True, slots=True)
class Clash:
    """One field that two people changed at once: the input, and the current value."""

    label: str
    yours: str
    theirs: str


class ChangesForm(ActionForm):
    """Fields of an incident, each with the value it was read with.

    Only changed fields are written, and only a field that someone else changed meanwhile conflicts.
    """

    shown: ClassVar[tuple[str, ...]] = ()

    def prepare(self) -> None:
        for name in self.shown:
            self.fields[name].initial = text_of(self.incident, name)

    def wanted(self) -> dict[str, Any]:
        """Return the changed fields for the service. Needs a valid form."""
        given = [name for name in self.shown if name in self.data]
        changed = [name for name in given if name in self.changed_data or self._read(name) is None]
        return {name: self._value(name) for name in changed}

    def _value(self, name: str) -> Any:
        value = self.cleaned_data[name]
        return labels_from(value) if name == "labels" else value

    def clashes(self, now: Incident) -> list[Clash]:
        """Return the fields changed both here and elsewhere, compared with the incident as it is `now`."""
        found = []
        for name in self.shown:
            read, theirs, yours = self._read(name), _lines(text_of(now, name)), self._typed(name)
            if yours is not None and yours not in (read, theirs) and theirs != read:
                found.append(Clash(str(self.fields[name].label), yours, theirs))
        return found

    def rebased(self, now: Incident) -> QueryDict:
        """Return the data of a form that applies these changes to the incident as it is `now`."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name in self.shown:
            theirs = text_of(now, name)
            if self._typed(name) == self._read(name):
                data[name] = theirs
            data[f"initial-{name}"] = theirs
        data["version"] = str(now.version)
        return data

    def _typed(self, name: str) -> str | None:
        return _lines(self.data[name]) if name in self.data else None

    def _read(self, name: str) -> str | None:
        """Return the value when the form was created; None when the form has none."""
        given = self.data.get(f"initial-{name}")
        return None if given is None else _lines(given)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def text_of(incident: Incident, name: str) -> str:
    """Return a field as its form shows it; labels one per line."""
    if name == "labels":
        return "\n".join(f"{key}={value}" for key, value in incident.labels.items())
    value = getattr(incident, name)
    return "" if value is None else str(value)


def labels_from(text: str) -> dict[str, str]:
    """Parse labels, one `region=eu` per line; a line without = is a label without a value."""
    pairs = [line.partition("=") for line in text.splitlines() if line.strip()]
    return {key.strip(): value.strip() for key, _, value in pairs}


def _field(name: str) -> forms.Field:
    rows = {"description": 6, "impact": 3, "root_cause": 3, "labels": 4}
    label = {"root_cause": "Root cause", "incident_type": "Type", "users_impacted": "Users impacted"}.get(
        name, name.capitalize()
    )
    if name == "title":
        return forms.CharField(label=label, max_length=200, widget=forms.TextInput(attrs=TITLE_WIDGET))
    if name == "users_impacted":
        return forms.CharField(
            label=label,
            required=False,
            max_length=12,
            help_text="A whole number; empty if unknown.",
            widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        )
    if name == "incident_type":
        return forms.ChoiceField(label=label, choices=IncidentType.choices)
    made = words_field(label, rows=rows[name])
    if name == "labels":
        made.help_text = f"One per line: region=eu-west. At most {LABELS}."
    return made


def changes_form(*names: str) -> type[ChangesForm]:
    """Return a form for these fields of an incident."""
    fields: dict[str, Any] = {name: _field(name) for name in names}
    for field in fields.values():
        field.show_hidden_initial = True
    doc = f"Change {', '.join(names)}."
    return type("ChangesForm", (ChangesForm,), {**fields, "shown": names, "__doc__": doc})


class StageForm(ActionForm):
    """Current stage of the response."""

    stage = forms.ChoiceField(label="Stage", choices=Stage.choices)
    message = words_field("Message (needed to skip a stage)", rows=2)

    def prepare(self) -> None:
        order = list(Stage)
        following = min(order.index(Stage(self.incident.stage)) + 1, len(order) - 1)
        self.fields["stage"].initial = order[following]

    def toast(self, now: Incident) -> str:
        return changed_words(now, "stage", self.incident.get_stage_display(), now.get_stage_display())


class TickForm(ActionForm):
    """One item of a stage's checklist, done or not."""

    stage = forms.ChoiceField(choices=Stage.choices, widget=forms.HiddenInput)
    position = forms.IntegerField(min_value=1, max_value=1000, widget=forms.HiddenInput)
    ticked = forms.BooleanField(required=False, label="Done")


class EntryForm(ActionForm):
    """One entry of the timeline."""

    entry = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)


class Moment(forms.DateTimeInput):
    """A date and time to the second, as browsers offer one."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M:%S", attrs={"step": "1"})


class EntryTimeForm(EntryForm):
    """When the event described in a note happened."""

    occurred_at = forms.DateTimeField(
        label="When it happened",
        widget=Moment(),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
    )

    def prepare(self) -> None:
        self.fields[
            "occurred_at"
        ].help_text = f"In {timezone.get_current_timezone_name()}; not in the future."
        given = self.initial.get("at", "")
        if isinstance(given, str) and given:
            self.initial["occurred_at"] = _moment(given)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:40])
    except ValueError:
        return None


class RelateForm(ActionForm):
    """The other incident."""

    other = forms.CharField(
        label="Incident",
        max_length=60,
        help_text="Such as INC-42.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "INC-42"}),
    )
