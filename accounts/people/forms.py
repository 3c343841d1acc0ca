"""Forms of the profile and of invitations."""

from __future__ import annotations

from typing import Final

from django import forms

from accounts.models import Role, User
from core.ui.forms import LongSelect, time_zones

ROLE_WORDS: Final = {
    Role.VIEWER: "Sees everything, changes nothing.",
    Role.RESPONDER: "Responds to incidents: declares, acknowledges, assigns, resolves.",
    Role.MANAGER: "Also edits components and reads the audit trail.",
    Role.ADMIN: "Also changes rules, members, tokens and settings.",
}


class ProfileForm(forms.Form):
    """The person's own profile."""

    display_name = forms.CharField(
        label="Name", max_length=120, required=False, help_text="Shown to others. Empty: your user name."
    )
    email = forms.CharField(label="Email", max_length=254, widget=forms.EmailInput)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
        widget=LongSelect,
        help_text="Times are shown in this time zone; hover for UTC.",
    )
    theme = forms.ChoiceField(label="Theme", choices=User.Theme.choices, widget=forms.RadioSelect)
    keyboard_shortcuts = forms.BooleanField(label="Keyboard shortcuts", required=False)


class InviteForm(forms.Form):
    """Address and role of an invitation."""

    email = forms.CharField(label="Email", max_length=254, widget=forms.EmailInput)
    display_name = forms.CharField(label="Name", max_length=120, required=False)
    username = forms.CharField(
        label="User name", max_length=120, required=False, help_text="Empty: the part before the @."
    )
    role = forms.ChoiceField(
        label="Role", choices=Role.choices, initial=Role.RESPONDER, widget=forms.RadioSelect
    )
