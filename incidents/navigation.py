"""Menu entries of the incident pages."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, SETTINGS, NavItem

NAVIGATION.add(
    "active",
    NavItem("Active incidents", "siren", "/", order=10, exact=True, keys="g d", badge="incidents.open_count"),
)
NAVIGATION.add("incidents", NavItem("All incidents", "list", "/incidents", order=20, keys="g i"))
SETTINGS.add(
    "sla",
    NavItem(
        "SLA targets",
        "timer",
        "/settings/sla",
        order=50,
        group="Workspace",
        capability=Capability.SETTINGS_WRITE,
    ),
)
NAVIGATION.add("activity", NavItem("Activity", "history", "/activity", order=25, keys="g a"))
NAVIGATION.add("sla-report", NavItem("SLA report", "timer", "/reports/sla", order=34))
NAVIGATION.add("components", NavItem("Components", "boxes", "/components", order=30, keys="g c"))
NAVIGATION.add("analytics", NavItem("Analytics", "chart-column", "/analytics", order=45, keys="g n"))
