"""Forms that make an incident private and invite people to it."""

from __future__ import annotations

from typing import cast

from django import forms

from accounts.selectors import members_of
from core.ui.forms import LongSelect
from incidents.lifecycle.forms import ActionForm, words_field
from incidents.models import Incident
from incidents.privacy.selectors import invited_to

VISIBLE, PRIVATE = "visible", "private"


class PrivacyForm(ActionForm):
    """Visibility of the incident."""

    visibility = forms.ChoiceField(
        label="Visibility",
        choices=[
            (VISIBLE, "All members of the workspace"),
            (PRIVATE, "Private: only invited people, role holders and admins"),
        ],
        widget=forms.RadioSelect,
    )
    reason = words_field("Why? (optional)", rows=2)

    def prepare(self) -> None:
        self.fields["visibility"].initial = PRIVATE if self.incident.is_private else VISIBLE

    def toast(self, now: Incident) -> str:
        state = "private" if now.is_private else "visible to all members"
        is_same = now.is_private == self.incident.is_private
        return f"{now.reference} is {state} already." if is_same else f"{now.reference} is now {state}"


class InviteForm(ActionForm):
    """A member to invite to a private incident."""

    username = forms.ChoiceField(label="Person", widget=LongSelect)

    def prepare(self) -> None:
        known = {one.user_id for one in invited_to(self.actor, self.incident)}
        people = [m.user for m in members_of(self.actor) if m.user_id not in known]
        choices = [("", "Choose a person"), *((one.username, one.label) for one in people)]
        cast("forms.ChoiceField", self.fields["username"]).choices = choices


class RemoveForm(ActionForm):
    """A person whose invitation to remove."""

    username = forms.CharField(max_length=150, widget=forms.HiddenInput)
