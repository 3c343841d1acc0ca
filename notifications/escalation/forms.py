"""Form of an escalation policy; the service validates."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from incidents.vocabulary import IncidentType, Severity
from notifications.escalation.models import EscalationPolicy
from notifications.escalation.state import plan_of
from notifications.escalation.step_text import Names, StepTextError, parse_steps, steps_text
from notifications.escalation.validation import PolicyValues

STEPS_HELP: Final = (
    "One step per line: targets, a semicolon, minutes until the next step. Targets: on call, "
    "on call: Primary, @user, commander, tech lead, comms lead, managers, admins, channel: name."
)


class PolicyForm(forms.Form):
    """An escalation policy, with its steps as text, one per line."""

    name = forms.CharField(label="Name", max_length=120)
    severities = forms.MultipleChoiceField(
        label="Severities", choices=Severity.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    types = forms.MultipleChoiceField(
        label="Types", choices=IncidentType.choices, required=False, help_text="None selected: every type."
    )
    components = forms.CharField(
        label="Components", required=False, help_text="Names, separated by commas. Empty: every component."
    )
    steps = forms.CharField(
        label="Steps", max_length=10_000, help_text=STEPS_HELP, widget=forms.Textarea(attrs={"rows": "6"})
    )
    repeat = forms.IntegerField(label="Further rounds", min_value=0, max_value=5, initial=0)
    is_enabled = forms.BooleanField(label="Enabled", required=False, initial=True)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, names: Names, policy: EscalationPolicy | None = None, **more: Any) -> None:
        if policy is not None:
            more.setdefault("initial", _initial(policy, names))
        super().__init__(*args, **more)
        self.names = names

    def clean_steps(self) -> list[dict[str, Any]]:
        """Parsed steps. Raises ValidationError naming the line."""
        try:
            return parse_steps(self.cleaned_data["steps"], self.names)
        except StepTextError as error:
            raise forms.ValidationError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error

    def values(self) -> PolicyValues:
        """Arguments for the service."""
        data = dict(self.cleaned_data)
        del data["version"]
        names = [name.strip() for name in data.pop("components").split(",") if name.strip()]
        return PolicyValues(components=names, **data)


def _initial(policy: EscalationPolicy, names: Names) -> dict[str, Any]:
    shown = ("name", "severities", "types", "repeat", "is_enabled", "version")
    return {name: getattr(policy, name) for name in shown} | {
        "components": ", ".join(policy.components),
        "steps": steps_text(plan_of(policy).steps, names),
    }
