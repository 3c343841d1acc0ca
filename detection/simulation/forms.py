"""Form of simulated incidents."""

from __future__ import annotations

import uuid
from typing import Final

from django import forms

from detection.simulation.samples import (
    DEFAULT_EVENTS,
    DEFAULT_SPAN_S,
    MAX_EVENTS,
    MAX_SPAN_S,
    MIN_EVENTS,
    MIN_SPAN_S,
    TYPES,
)
from detection.simulation.services import Simulation
from incidents.vocabulary import Severity

SEVERITIES: Final = [("", "Default of the type"), *Severity.choices]


class SimulationForm(forms.Form):
    """An incident to simulate."""

    incident_type = forms.ChoiceField(label="Type", choices=[(kind.value, kind.label) for kind in TYPES])
    severity = forms.ChoiceField(label="Severity", choices=SEVERITIES, required=False)
    components = forms.CharField(
        label="Components", required=False, max_length=1000, help_text="Comma-separated component names."
    )
    event_count = forms.IntegerField(
        label="Events", min_value=MIN_EVENTS, max_value=MAX_EVENTS, initial=DEFAULT_EVENTS
    )
    time_span_seconds = forms.IntegerField(
        label="Time span in seconds", min_value=MIN_SPAN_S, max_value=MAX_SPAN_S, initial=DEFAULT_SPAN_S
    )
    request_key = forms.CharField(
        required=False, max_length=100, widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex
    )

    def wanted(self) -> Simulation:
        """Return the simulation of a valid form."""
        given = self.cleaned_data
        return Simulation(
            given["incident_type"],
            given["severity"],
            [name.strip() for name in given["components"].split(",") if name.strip()],
            given["event_count"],
            given["time_span_seconds"],
        )
