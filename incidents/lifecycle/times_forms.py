"""Form that corrects times of an incident."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.lifecycle.forms import ActionForm
from incidents.lifecycle.services.correcting import TIMES


class TimesForm(ActionForm):
    """The recorded times; missing ones are left out."""

    reason = forms.CharField(
        label="Why are they wrong?",
        max_length=500,
        help_text="At least 10 characters; shown in the timeline.",
    )

    def prepare(self) -> None:
        own: dict[str, forms.Field] = {}
        for name, label in TIMES.items():
            at = getattr(self.incident, name)
            if at is not None or name == "mitigated_at":
                widget = forms.DateTimeInput(
                    attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"
                )
                own[name] = forms.DateTimeField(label=label, required=False, widget=widget, initial=at)
        self.fields = {**own, **self.fields}

    def clean(self) -> dict[str, Any]:
        """Drop times that were not changed."""
        given: dict[str, Any] = super().clean() or {}
        return {
            name: value for name, value in given.items() if name not in TIMES or name in self.changed_data
        }
