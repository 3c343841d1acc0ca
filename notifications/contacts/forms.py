"""Forms of contact methods and quiet hours."""

from __future__ import annotations

from django import forms

from notifications.contacts.models import ContactMethod


class MethodForm(forms.Form):
    """A new contact method."""

    kind = forms.ChoiceField(label="Kind", choices=ContactMethod.Kind.choices)
    address = forms.CharField(
        max_length=1000,
        label="Address",
        help_text="An email address, your Slack member ID (U…), or an apprise URL.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class QuietForm(forms.Form):
    """Both times, or neither."""

    quiet_from = forms.TimeField(label="From", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    quiet_until = forms.TimeField(
        label="Until", required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
