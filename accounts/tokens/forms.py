"""Form of a new token."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from accounts.models import Scope

SCOPE_WORDS: Final = {
    Scope.EVENTS_WRITE: "Send events.",
    Scope.INCIDENTS_READ: "Read incidents, rules and components.",
    Scope.INCIDENTS_WRITE: "Declare incidents and work them.",
    Scope.BUNDLES_WRITE: "Upload diagnostic bundles.",
    Scope.ADMIN: "Everything an admin may do.",
}
OVERLAPS: Final = (("24", "24 hours"), ("1", "1 hour"), ("168", "7 days"), ("0", "No overlap: end it now"))


class TokenForm(forms.Form):
    """A new token; `request_key` detects a form that was sent twice."""

    name = forms.CharField(
        label="Name", max_length=120, help_text="What uses it, such as “billing-api in production”."
    )
    scopes = forms.MultipleChoiceField(
        label="Scopes", choices=Scope.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    expires_at = forms.DateTimeField(
        label="Expires",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="In your time zone; default 90 days. Empty: never.",
        error_messages={"invalid": "Must be a date and a time, such as 2027-01-31T09:00."},
    )
    request_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].error_messages["invalid_choice"] = "%(value)s is not a scope."
