"""Forms of workspaces."""

from __future__ import annotations

from django import forms

from core.ui.forms import LongSelect, time_zones


class WorkspaceForm(forms.Form):
    """A workspace's name and time zone; `was_` fields carry the values the change is based on."""

    name = forms.CharField(label="Name", max_length=120)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
        widget=LongSelect,
        help_text="Time zone of days in reports.",
    )
    second_factor_required = forms.BooleanField(
        label="Require a second factor from every member",
        required=False,
        help_text="Members without one must set it up first. API tokens are not affected.",
    )
    was_name = forms.CharField(widget=forms.HiddenInput, required=False)
    was_time_zone = forms.CharField(widget=forms.HiddenInput, required=False)


class NewWorkspaceForm(forms.Form):
    """A workspace to create."""

    name = forms.CharField(label="Name", max_length=120)
    slug = forms.CharField(
        label="Short name",
        max_length=60,
        required=False,
        help_text="Used in URLs; cannot be changed. Empty: derived from the name.",
    )
    time_zone = forms.ChoiceField(label="Time zone", choices=time_zones, widget=LongSelect, initial="UTC")
