"""Menu entries of rules and sources."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, NavItem

NAVIGATION.add(
    "rules", NavItem("Rules", "radar", "/rules", order=60, capability=Capability.RULES_READ, keys="g r")
)
NAVIGATION.add(
    "sources",
    NavItem("Sources", "plug", "/sources", order=65, capability=Capability.SOURCES_READ, keys="g s"),
)
