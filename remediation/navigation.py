"""Where remediation stands in the side bar and in the settings."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, NavItem
from incidents.row_actions import ROW_ACTIONS, RowAction

NAVIGATION.add(
    "remediation",
    NavItem(
        "Remediation",
        "wrench",
        "/remediation",
        order=55,
        capability=Capability.INCIDENTS_READ,
        also="mitigate fix runbook actions",
    ),
)
ROW_ACTIONS.add("mitigate", RowAction("Mitigate…", "/remediation/new?incident={ref}", order=10))
