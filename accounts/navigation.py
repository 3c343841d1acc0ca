"""Menu entries of accounts and settings."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, SETTINGS, NavItem

NAVIGATION.add("settings", NavItem("Settings", "settings", "/settings", order=90))
SETTINGS.add("profile", NavItem("Profile", "circle-user", "/settings/profile", order=10, group="You"))
SETTINGS.add(
    "workspace",
    NavItem(
        "General", "building-2", "/settings/workspace", order=20, group="Workspace",
        capability=Capability.SETTINGS_WRITE,
    ),
)  # fmt: skip
SETTINGS.add(
    "members",
    NavItem(
        "Members",
        "users",
        "/settings/members",
        order=30,
        group="Workspace",
        capability=Capability.MEMBERS_READ,
    ),
)
SETTINGS.add(
    "tokens",
    NavItem(
        "API tokens", "key-round", "/settings/tokens", order=40, group="Workspace",
        capability=Capability.TOKENS_WRITE,
    ),
)  # fmt: skip
SETTINGS.add(
    "audit",
    NavItem(
        "Audit log", "scroll-text", "/settings/audit", order=60, group="Workspace",
        capability=Capability.AUDIT_READ,
    ),
)  # fmt: skip
