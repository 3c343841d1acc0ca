"""Forms of the settings pages."""

from __future__ import annotations

from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms

from accounts.models import Role, Scope, User
from core.ui.forms import LongSelect

ROLE_WORDS: Final = {
    Role.VIEWER: "Sees everything, changes nothing.",
    Role.RESPONDER: "Works incidents: declares, acknowledges, assigns, resolves.",
    Role.MANAGER: "Also edits components and reads the audit log.",
    Role.ADMIN: "Also changes rules, members, tokens and settings.",
}
SCOPE_WORDS: Final = {
    Scope.EVENTS_WRITE: "Send events.",
    Scope.INCIDENTS_READ: "Read incidents, rules and components.",
    Scope.INCIDENTS_WRITE: "Declare incidents and work them.",
    Scope.BUNDLES_WRITE: "Upload diagnostic bundles.",
    Scope.ADMIN: "Everything an admin may do.",
}
OVERLAPS: Final = (("24", "24 hours"), ("1", "1 hour"), ("168", "7 days"), ("0", "No overlap: end it now"))


@cache
def zones() -> list[tuple[str, str]]:
    """Every time zone, UTC first."""
    return [(zone, zone.replace("_", " ")) for zone in ("UTC", *sorted(available_timezones() - {"UTC"}))]


class ProfileForm(forms.Form):
    """One's own person."""

    display_name = forms.CharField(
        label="Name", max_length=120, required=False, help_text="How others see you. Empty: your user name."
    )
    email = forms.CharField(label="E-mail", max_length=254, widget=forms.EmailInput)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        widget=LongSelect,
        help_text="Times are shown in it; hover for UTC.",
    )
    theme = forms.ChoiceField(label="Theme", choices=User.Theme.choices, widget=forms.RadioSelect)
    keyboard_shortcuts = forms.BooleanField(label="Keyboard shortcuts", required=False)


class WorkspaceForm(forms.Form):
    """A workspace's name and where its day begins; `was_` fields carry what the change is based on."""

    name = forms.CharField(label="Name", max_length=120)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=zones,
        widget=LongSelect,
        help_text="Where the day of this workspace begins, in its reports.",
    )
    second_factor_required = forms.BooleanField(
        label="Require a second factor from every member",
        required=False,
        help_text="Who has none is asked to set one up before anything else. API tokens need none.",
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
    time_zone = forms.ChoiceField(label="Time zone", choices=zones, widget=LongSelect, initial="UTC")


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.CharField(label="E-mail", max_length=254, widget=forms.EmailInput)
    display_name = forms.CharField(label="Name", max_length=120, required=False)
    username = forms.CharField(
        label="User name", max_length=120, required=False, help_text="Empty: the part before the @."
    )
    role = forms.ChoiceField(
        label="Role", choices=Role.choices, initial=Role.RESPONDER, widget=forms.RadioSelect
    )


class TokenForm(forms.Form):
    """A new token; `request_key` tells a form sent twice."""

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
        help_text="In your time zone; 90 days unless you change it. Empty: never.",
        error_messages={"invalid": "Must be a date and a time, such as 2027-01-31T09:00."},
    )
    request_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].error_messages["invalid_choice"] = "%(value)s is not a scope."
