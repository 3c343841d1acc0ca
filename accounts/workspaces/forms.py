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
        help_text="Where the day of this workspace begins, in its reports.",
    )
    second_factor_required = forms.BooleanField(
        label="Require a second factor from every member",
        required=False,
        help_text="Members without one must set it up before anything else. API tokens are exempt.",
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
        help_text="Appears in addresses and never changes. Empty: made from the name.",
    )
    time_zone = forms.ChoiceField(label="Time zone", choices=time_zones, widget=LongSelect, initial="UTC")
