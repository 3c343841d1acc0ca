"""Channel form, built from the fields of its kind."""

from __future__ import annotations

from typing import Any

from django import forms

from notifications.channels.kind import ChannelKind


class ChannelForm(forms.Form):
    """Name, the kind's own fields, fallback. Secrets are write-only: empty means unchanged."""

    name = forms.CharField(max_length=80, label="Name")

    def __init__(
        self,
        kind: ChannelKind,
        others: list[tuple[str, str]],
        *args: Any,
        is_new: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.kind = kind
        for one in kind.fields:
            keep_hint = " Leave empty to keep it." if one.is_secret and not is_new else ""
            widget: Any = forms.PasswordInput(attrs={"autocomplete": "off"}) if one.is_secret else None
            self.fields[one.name] = forms.CharField(
                label=one.label,
                help_text=f"{one.help}{keep_hint}",
                required=one.is_required and (is_new or not one.is_secret),
                max_length=2000,
                widget=widget or forms.TextInput(),
            )
        choices = [("", "None"), *others]
        self.fields["fallback"] = forms.ChoiceField(
            label="Fallback", choices=choices, required=False, help_text="Notified when this channel fails."
        )
        self.fields["for_drills"] = forms.BooleanField(label="Only for drills", required=False)
        if not is_new:
            self.fields["enabled"] = forms.BooleanField(label="Enabled", required=False)

    def values(self) -> dict[str, Any]:
        """The arguments of the channel services."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "config": {one.name: data[one.name] for one in self.kind.fields if not one.is_secret},
            "secrets": {one.name: data[one.name] for one in self.kind.fields if one.is_secret},
            "is_for_drills": data["for_drills"],
            "fallback_id": int(data["fallback"]) if data["fallback"] else None,
        }
