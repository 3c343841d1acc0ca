"""Forms of the status page's settings; the services validate."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms

from core.ui.forms import LongSelect
from status.pages.models import PublicComponent, StatusPage
from status.pages.validation import MAX_LOGO_BYTES
from status.vocabulary import Access, AutoPublish, ComponentState, Follows


class PageForm(forms.Form):
    """Title, address, appearance, and access."""

    title = forms.CharField(label="Title", max_length=120)
    slug = forms.CharField(
        label="Address", max_length=60, help_text="The page is served at /status/<address>."
    )
    description = forms.CharField(label="Description", required=False, max_length=500)
    color = forms.CharField(label="Colour", max_length=7, initial="#3a50c8", help_text="Such as #3a50c8.")
    logo = forms.FileField(
        label="Logo",
        required=False,
        help_text="PNG, JPEG or WebP, up to 100 kB. Leave empty to keep the current one.",
    )
    time_zone = forms.ChoiceField(label="Time zone of the daily bars", widget=LongSelect(), initial="UTC")
    access = forms.ChoiceField(label="Visibility", choices=Access.choices, initial=Access.PUBLIC)
    domains = forms.CharField(
        label="Email domains", required=False, max_length=2000,
        help_text="Separated by commas. Members and people with a verified email address there can read it.",
    )  # fmt: skip
    auto_publish = forms.ChoiceField(
        label="Publish automatically", choices=AutoPublish.choices, initial=AutoPublish.NEVER,
        help_text="Immediately, with a generic title such as “Problem with Checkout”.",
    )  # fmt: skip
    is_enabled = forms.BooleanField(label="Page enabled", required=False, initial=True)

    def __init__(self, *args: Any, page: StatusPage | None = None, **more: Any) -> None:
        if page is not None:
            names = (
                "title",
                "slug",
                "description",
                "color",
                "time_zone",
                "access",
                "auto_publish",
                "is_enabled",
            )
            initial = {name: getattr(page, name) for name in names}
            more.setdefault("initial", initial | {"domains": ", ".join(page.domains)})
        super().__init__(*args, **more)
        zones: Any = self.fields["time_zone"]
        zones.choices = [(name, name) for name in sorted(available_timezones())]

    def values(self) -> dict[str, Any]:
        """Arguments for the service."""
        data = dict(self.cleaned_data)
        logo = data.pop("logo")
        values = data | {"domains": data["domains"].split(",")}
        return values | ({"logo": logo.read(MAX_LOGO_BYTES + 1)} if logo else {})


class ComponentForm(forms.Form):
    """Form of a component of the page."""

    name = forms.CharField(label="Public name", max_length=120)
    description = forms.CharField(label="Description", required=False, max_length=300)
    group = forms.CharField(label="Group", required=False, max_length=80)
    component = forms.CharField(
        label="Internal component", required=False, max_length=200,
        help_text="Its name in the catalogue; never public.",
    )  # fmt: skip
    follows = forms.ChoiceField(label="State follows", choices=Follows.choices)
    manual_state = forms.ChoiceField(
        label="Manual state",
        required=False,
        choices=[("", "None: follow incidents"), *ComponentState.choices],
    )
    position = forms.IntegerField(label="Position", min_value=0, max_value=10_000, initial=0)

    def __init__(self, *args: Any, row: PublicComponent | None = None, **more: Any) -> None:
        if row is not None:
            names = ("name", "description", "follows", "manual_state", "position")
            initial = {name: getattr(row, name) for name in names}
            initial |= {"group": row.group.name if row.group else ""}
            more.setdefault("initial", initial | {"component": row.component.name if row.component else ""})
        super().__init__(*args, **more)
