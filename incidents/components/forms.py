"""Form of a component."""

from __future__ import annotations

from typing import Any, cast

from django import forms

from accounts.actor import Actor
from accounts.oncall.selectors import schedules_of
from accounts.selectors import members_of
from core.ui.forms import LongSelect
from incidents.components.filters import TIERS
from incidents.lifecycle.forms import style_widgets
from incidents.models import Component
from incidents.validation import NAME_LENGTH, TEXT_LENGTH, URL_LENGTH

FIELDS = ("description", "owner", "tier", "runbook_url", "health_url", "schedule_id")
TIER_WORDS = {1: "1, the most important", 3: "3, the usual", 5: "5, the least important"}


class ComponentForm(forms.Form):
    """A component of the catalogue; its name cannot be changed, since events refer to it."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        help_text="Must equal the source or service in events. Cannot be changed later.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": "3", "dir": "auto"}),
    )
    owner = forms.ChoiceField(label="Owner", required=False, widget=LongSelect)
    tier = forms.TypedChoiceField(
        label="Tier", coerce=int, choices=[(tier, TIER_WORDS.get(tier, tier)) for tier in TIERS], initial=3
    )
    runbook_url = forms.CharField(
        label="Runbook",
        required=False,
        max_length=URL_LENGTH,
        help_text="URL of the runbook.",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    health_url = forms.CharField(
        label="Health check",
        required=False,
        max_length=URL_LENGTH,
        help_text="URL checked while an incident recovers: 2xx is healthy. Empty: not checked.",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    schedule_id = forms.TypedChoiceField(
        label="On-call schedule",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="On-call schedule that is paged.",
    )
    depends_on = forms.CharField(
        label="Depends on",
        required=False,
        help_text="Names of components, one per line.",
        widget=forms.Textarea(attrs={"rows": "3", "spellcheck": "false"}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, component: Component | None = None, **kwargs: Any) -> None:
        if component is not None:
            kwargs.setdefault("initial", _initial(component))
        super().__init__(*args, **kwargs)
        people = [(m.user.username, m.user.label) for m in members_of(actor)]
        cast("forms.ChoiceField", self.fields["owner"]).choices = [("", "No owner"), *people]
        schedules = [(one.pk, one.name) for one in schedules_of(actor)]
        default = ("", "The default of the workspace")
        cast("forms.ChoiceField", self.fields["schedule_id"]).choices = [default, *schedules]
        if component is not None:
            del self.fields["name"]

    def styled(self) -> ComponentForm:
        """Return the form with styled widgets, errors marked."""
        style_widgets(self)
        return self

    @property
    def wanted(self) -> dict[str, Any]:
        """Return the values for the service, once the form is valid."""
        given = {name: self.cleaned_data[name] for name in FIELDS}
        lines = self.cleaned_data["depends_on"].splitlines()
        return given | {"depends_on": [line.strip() for line in lines if line.strip()]}


def _initial(component: Component) -> dict[str, Any]:
    needs = component.depends_on.order_by("name").values_list("name", flat=True)
    return {
        "description": component.description,
        "owner": component.owner.username if component.owner else "",
        "tier": component.tier,
        "runbook_url": component.runbook_url,
        "health_url": component.health_url,
        "schedule_id": component.schedule_id,
        "depends_on": "\n".join(needs),
        "version": component.version,
    }
