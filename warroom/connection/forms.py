"""Forms of the Slack settings; the services validate."""

from __future__ import annotations

from typing import Any

from django import forms

from warroom.connection.models import SlackTeam
from warroom.connection.services.settings import MAX_ARCHIVE_DAYS, SlackValues

WRITE_ONLY = "Stored encrypted and never shown again. Leave empty to keep it unchanged."


def _secret(label: str, help_text: str = WRITE_ONLY) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "off"}, render_value=False)
    return forms.CharField(label=label, required=False, max_length=500, help_text=help_text, widget=widget)


class SlackForm(forms.Form):
    """Secrets, announcement channel and room settings."""

    bot_token = _secret("Bot token")
    signing_secret = _secret("Signing secret", f"{WRITE_ONLY} The previous one stays valid for a while.")
    app_token = _secret("App-level token (optional)", f"{WRITE_ONLY} For Socket Mode.")
    clears_app_token = forms.BooleanField(label="Remove the app-level token", required=False)
    announce_channel = forms.CharField(
        label="Announcement channel", required=False, max_length=80,
        help_text="Incidents are announced here, except drills and private ones. Invite the app to it.",
    )  # fmt: skip
    opens_rooms = forms.BooleanField(label="Open a room for each SEV1 and SEV2", required=False, initial=True)
    archive_days = forms.IntegerField(
        label="Archive a room after closing, in days", min_value=1, max_value=MAX_ARCHIVE_DAYS, initial=7
    )

    def __init__(self, *args: Any, team: SlackTeam | None = None, **more: Any) -> None:
        if team is not None:
            names = ("announce_channel", "opens_rooms", "archive_days")
            more.setdefault("initial", {name: getattr(team, name) for name in names})
        super().__init__(*args, **more)

    def values(self) -> SlackValues:
        """Arguments for the service."""
        return SlackValues(**self.cleaned_data)


class LinkForm(forms.Form):
    """Link between a member and a Slack user."""

    username = forms.CharField(label="Member", max_length=150)
    slack_id = forms.CharField(label="Slack member id", max_length=32, help_text="Such as U012AB3CD.")
