"""Onboarding step about Slack."""

from __future__ import annotations

from accounts.actor import Actor
from core.ui.onboarding import onboarding_step
from warroom.connection.models import SlackTeam


@onboarding_step(
    "slack",
    title="Connect Slack",
    why="Optional: serious incidents get a war room, and /incident works in Slack.",
    url="/settings/slack",
    link="Connect Slack",
    order=44,
)
def _has_team(actor: Actor) -> bool:
    return SlackTeam.objects.of(actor.workspace_id).exists()
