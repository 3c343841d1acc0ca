"""The menu entry of the Slack settings."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import SETTINGS, NavItem

SETTINGS.add(
    "slack",
    NavItem(
        "Slack", "hash", "/settings/slack", order=37, group="Workspace", capability=Capability.SETTINGS_WRITE
    ),
)
