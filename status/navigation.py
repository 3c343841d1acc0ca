"""The menu entry of the status page, and its area of the audit log."""

from __future__ import annotations

from accounts.audit.selectors import add_audit_area
from accounts.permissions import Capability
from core.ui.navigation import SETTINGS, NavItem

SETTINGS.add(
    "status-page",
    NavItem(
        "Status page", "radio-tower", "/settings/status-page", order=38, group="Workspace",
        capability=Capability.STATUS_PUBLISH, also="public outage components maintenance subscribers",
    ),
)  # fmt: skip
add_audit_area(
    "status page", "status_page.", "status_component.", "status_incident.", "status_maintenance.",
    "status_subscriber.", "status_window.",
)  # fmt: skip
