"""Finds the teams that use Socket Mode."""

from __future__ import annotations

from core.secrets.encryption import decrypt
from warroom.connection.models import SlackTeam


def teams_by_app_token() -> dict[str, list[SlackTeam]]:
    """App-level token -> teams of that app; workspaces that share an app share a connection."""
    rows = SlackTeam.across_workspaces.exclude(app_token="").exclude(slack_id="").order_by("id")
    found: dict[str, list[SlackTeam]] = {}
    for team in rows:
        found.setdefault(decrypt(team.app_token), []).append(team)
    return found
