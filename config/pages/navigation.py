"""Menu entries of the installation's own pages."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, SETTINGS, NavItem

GROUP = "Installation"
# In the side bar until an admin hides it (`config.pages.context_processors`).
NAVIGATION.add(
    "setup",
    NavItem("Getting started", "list-checks", "/setup", order=95, capability=Capability.SETTINGS_WRITE),
)
SETTINGS.add(
    "setup",
    NavItem(
        "Getting started",
        "list-checks",
        "/setup",
        order=110,
        group=GROUP,
        capability=Capability.SETTINGS_WRITE,
    ),
)
SETTINGS.add(
    "system",
    NavItem(
        "System", "activity", "/settings/system", order=120, group=GROUP, capability=Capability.SYSTEM_READ
    ),
)
SETTINGS.add(
    "deployment",
    NavItem(
        "Deployment",
        "server",
        "/settings/deployment",
        order=130,
        group=GROUP,
        capability=Capability.SYSTEM_READ,
    ),
)
