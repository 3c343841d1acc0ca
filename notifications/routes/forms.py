"""Forms of routes and of the preview."""

from __future__ import annotations

from typing import Any

from django import forms

from incidents.vocabulary import IncidentType, Severity
from notifications.channels.kind import CHANNEL_KINDS
from notifications.routes.decision import EVENT_KINDS
from notifications.routes.models import Route
from notifications.routes.services import RouteValues


def _many(label: str, choices: list[tuple[str, str]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class RouteForm(forms.Form):
    """A route. A filter with nothing selected matches everything."""

    name = forms.CharField(max_length=80, label="Name")
    severities = _many("Severities", list(Severity.choices))
    types = _many("Types", list(IncidentType.choices))
    event_kinds = _many("Events", list(EVENT_KINDS.items()))
    components = forms.CharField(
        max_length=2000, required=False, label="Components", help_text="Separated by commas; empty: any."
    )
    label = forms.CharField(max_length=300, required=False, label="Label", help_text="key=value; empty: any.")
    enabled = forms.BooleanField(label="Enabled", required=False, initial=True)

    def __init__(self, channels: list[tuple[str, str]], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["channels"] = _many("Channels", channels)
        kinds = [(kind.name, f"Every {kind.title} channel") for kind in CHANNEL_KINDS]
        self.fields["kinds"] = _many("Kinds of channels", kinds)

    @staticmethod
    def initial_of(route: Route) -> dict[str, Any]:
        """Initial form values of a route."""
        return {
            "name": route.name,
            "severities": route.severities,
            "types": route.types,
            "event_kinds": route.event_kinds,
            "components": ", ".join(route.components),
            "label": route.label,
            "enabled": route.is_enabled,
            "channels": [str(pk) for pk in route.channels.values_list("pk", flat=True)],
            "kinds": route.kinds,
        }

    def route_values(self) -> RouteValues:
        """Arguments for the service."""
        data = self.cleaned_data
        return RouteValues(
            name=data["name"],
            severities=data["severities"],
            types=data["types"],
            event_kinds=data["event_kinds"],
            components=data["components"].split(","),
            label=data["label"],
            kinds=data["kinds"],
            channel_ids=[int(pk) for pk in data["channels"]],
            is_enabled=data["enabled"],
        )


class PreviewForm(forms.Form):
    """The hypothetical incident of the preview."""

    severity = forms.ChoiceField(label="Severity", choices=Severity.choices)
    event_kind = forms.ChoiceField(label="Event", choices=list(EVENT_KINDS.items()))
    incident_type = forms.ChoiceField(label="Type", choices=IncidentType.choices, required=False)
    components = forms.CharField(label="Components", max_length=500, required=False)
