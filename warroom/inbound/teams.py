"""Finds the teams of the installation that requests may be signed by."""

from __future__ import annotations

from typing import Final

from warroom.connection.models import SlackTeam

MAX_TEAMS: Final = 50


def teams_with_secrets() -> list[SlackTeam]:
    """The teams with a signing secret: the signature says whose request it is."""
    return list(SlackTeam.across_workspaces.exclude(signing_secret="").order_by("id")[:MAX_TEAMS])
