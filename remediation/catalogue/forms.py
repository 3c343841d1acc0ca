"""Action form, with the settings of the executor as JSON."""

from __future__ import annotations

import json
from typing import Any, Final

from django import forms

from core.ui.forms import styled
from remediation.catalogue.definitions import MAX_TIMEOUT_S
from remediation.catalogue.models import RemediationAction
from remediation.vocabulary import ExecutorKind, Risk

MAX_STEPS: Final = 50


class IndentedJSONField(forms.JSONField):
    """JSON field shown indented."""

    def prepare_value(self, value: Any) -> Any:
        """Indent stored values; leave submitted text as it is."""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


class ActionForm(forms.Form):
    """Form of an action. Secrets are write-only."""

    name = forms.CharField(max_length=100)
    when = forms.CharField(max_length=300, label="When to use it")
    risk = forms.ChoiceField(choices=Risk.choices)
    executor = forms.ChoiceField(choices=ExecutorKind.choices, label="Executor")
    steps = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One per line. {component} is replaced by the target.",
    )
    config = IndentedJSONField(
        required=False,
        label="Settings",
        widget=forms.Textarea(attrs={"rows": 8, "class": "mono"}),
        help_text='JSON. Command: {"command": "restart"}. Webhook: {"url": "https://…", "body": {}}. '
        'Kubernetes: {"server": "https://…", "namespace": "…", "deployment": "{component}", '
        '"operation": "restart"}. Placeholders: {component}, {run}, and request parameters such '
        "as {replicas:1..10}, {mode:fast|safe}, {branch:text}.",
    )
    signing_secret = forms.CharField(
        required=False, help_text="Leave empty to keep it unchanged. Signs webhooks (whsec_…)."
    )
    token = forms.CharField(
        required=False, help_text="Leave empty to keep it unchanged. Sent as Authorization."
    )
    timeout_s = forms.IntegerField(min_value=1, max_value=MAX_TIMEOUT_S, label="Time limit in seconds")
    health_url = forms.CharField(
        max_length=500,
        required=False,
        label="Health check",
        help_text="Three successes in a row verify the run.",
    )
    rollback = forms.CharField(max_length=60, required=False, label="Rollback action")
    cooldown_s = forms.IntegerField(min_value=0, max_value=86_400, label="Cooldown in seconds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        styled(self)

    def clean_steps(self) -> list[str]:
        """The steps, one per non-blank line."""
        lines = [line.strip() for line in self.cleaned_data["steps"].splitlines() if line.strip()]
        if len(lines) > MAX_STEPS:
            raise forms.ValidationError(f"At most {MAX_STEPS} steps.")
        return lines

    def clean_config(self) -> dict[str, Any]:
        """The settings as a JSON object; empty means {}."""
        value = self.cleaned_data["config"] or {}
        if not isinstance(value, dict):
            raise forms.ValidationError("Must be a JSON object.")
        return value

    def secrets(self) -> dict[str, str] | None:
        """The entered secrets, or None."""
        found = {
            name: self.cleaned_data[name] for name in ("signing_secret", "token") if self.cleaned_data[name]
        }
        return found or None

    def fields_to_save(self) -> dict[str, Any]:
        """Arguments for the service."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in {"signing_secret", "token"}
        }


def initial_of(row: RemediationAction) -> dict[str, Any]:
    """Initial form values of an action."""
    names = (
        "name",
        "when",
        "risk",
        "executor",
        "config",
        "timeout_s",
        "health_url",
        "rollback",
        "cooldown_s",
    )
    return {name: getattr(row, name) for name in names} | {"steps": "\n".join(row.steps)}
