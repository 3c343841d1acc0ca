"""Forms to offer a role and to respond to an offer."""

from __future__ import annotations

from typing import cast

from django import forms

from accounts.selectors import members_of
from core.ui.forms import LongSelect
from incidents.lifecycle.forms import ActionForm
from incidents.models import Incident
from incidents.vocabulary import ResponseRole


class HandOffForm(ActionForm):
    """Role to hand off, and to whom."""

    role = forms.ChoiceField(label="Role", choices=ResponseRole.choices, initial=ResponseRole.COMMANDER)
    username = forms.ChoiceField(label="Person", widget=LongSelect)

    def prepare(self) -> None:
        others = [m.user for m in members_of(self.actor) if m.user_id != self.actor.user_id]
        self.people = {user.username: user.label for user in others}
        cast("forms.ChoiceField", self.fields["username"]).choices = [*self.people.items()]

    def toast(self, now: Incident) -> str:
        person = self.people[self.cleaned_data["username"]]
        role = ResponseRole(self.cleaned_data["role"]).label.lower()
        return f"{now.reference}: {role} offered to {person}. You hold it until they accept."


class OfferAnswerForm(ActionForm):
    """Accept an offer, or not."""

    offer = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    accept = forms.TypedChoiceField(
        label="Answer",
        choices=[("yes", "Accept"), ("no", "Decline or withdraw")],
        coerce=lambda word: word == "yes",
    )
