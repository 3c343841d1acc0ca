"""Form of the response policy."""

from __future__ import annotations

from typing import Any

from django import forms

from core.ui.forms import styled
from incidents.vocabulary import Severity
from remediation.recovery.models import MAX_WINDOW_S, MIN_WINDOW_S, ResponsePolicy


class PolicyForm(forms.Form):
    """Severities for automatic low-risk actions and automatic resolution."""

    auto_start = forms.MultipleChoiceField(
        label="Start low-risk actions at",
        required=False,
        choices=Severity.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    auto_resolve = forms.MultipleChoiceField(
        label="Resolve recovered incidents at",
        required=False,
        choices=Severity.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="Only detected incidents with all exit criteria passed and at least one observation.",
    )
    recovery_window_s = forms.IntegerField(
        label="Exit criteria must hold for (seconds)", min_value=MIN_WINDOW_S, max_value=MAX_WINDOW_S
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        styled(self)


def initial_policy(policy: ResponsePolicy) -> dict[str, Any]:
    """Initial form values of the policy."""
    names = ("auto_start", "auto_resolve", "recovery_window_s")
    return {name: getattr(policy, name) for name in names}
