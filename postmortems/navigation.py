"""Menu entries of the postmortem pages."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, SETTINGS, NavItem

NAVIGATION.add("postmortems", NavItem("Postmortems", "file-text", "/postmortems", order=40, keys="g p"))
NAVIGATION.add("action items", NavItem("Action items", "list-todo", "/action-items", order=42))
NAVIGATION.add("lessons", NavItem("Lessons", "lightbulb", "/lessons", order=44))
SETTINGS.add(
    "postmortem templates",
    NavItem(
        "Postmortem templates",
        "file-text",
        "/settings/postmortems",
        order=55,
        group="Workspace",
        capability=Capability.TEMPLATES_WRITE,
    ),
)
