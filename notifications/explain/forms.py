"""Form of a simulated incident."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django import forms
from django.utils import timezone

from incidents.vocabulary import IncidentType, Severity
from notifications.explain.simulation import Question
from notifications.routes.decision import EVENT_KINDS


def labels_from(lines: Iterable[str]) -> dict[str, str]:
    """Labels of lines such as `team=search`; a line without `=` has an empty value."""
    pairs = (line.partition("=") for line in lines if line.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}


class SimulationForm(forms.Form):
    """A simulated incident; only severity and event are required."""

    severity = forms.ChoiceField(label="Severity", choices=Severity.choices, initial=Severity.SEV1)
    event_kind = forms.ChoiceField(
        label="Event", choices=tuple(EVENT_KINDS.items()), initial="incident.opened"
    )
    incident_type = forms.ChoiceField(
        label="Type", choices=(("", "Not set"), *IncidentType.choices), required=False
    )
    components = forms.CharField(
        label="Components or services", max_length=500, required=False, help_text="Separated by commas."
    )
    labels = forms.CharField(
        label="Labels", max_length=500, required=False, help_text="Such as team=search, separated by commas."
    )
    at = forms.DateTimeField(
        label="When (UTC)",
        required=False,
        help_text="Empty: now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    is_drill = forms.BooleanField(label="Drill", required=False)

    def question(self) -> Question:
        """Input of the simulation."""
        data = self.cleaned_data
        at: datetime | None = data["at"]
        return Question(
            at=at or timezone.now(),
            severity=data["severity"],
            event_kind=data["event_kind"],
            incident_type=data["incident_type"] or IncidentType.OTHER,
            components=[word.strip() for word in data["components"].split(",") if word.strip()],
            labels=labels_from(data["labels"].split(",")),
            is_drill=data["is_drill"],
        )
