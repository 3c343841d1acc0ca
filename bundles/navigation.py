"""Menu entry of the bundle pages."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, NavItem

NAVIGATION.add(
    "bundles",
    NavItem("Bundles", "archive", "/bundles", order=46, capability=Capability.BUNDLES_READ),
)
