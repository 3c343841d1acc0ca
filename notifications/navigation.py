"""Settings menu entries of notifications, and their audit areas."""

from __future__ import annotations

from accounts.audit.selectors import add_audit_area
from accounts.permissions import Capability
from core.ui.navigation import SETTINGS, NavItem

GROUP = "Notifications"
READ = Capability.CHANNELS_READ
SETTINGS.add(
    "channels",
    NavItem(
        "Channels",
        "megaphone",
        "/settings/channels",
        order=70,
        group=GROUP,
        capability=READ,
        also="slack mail email webhook pagerduty",
    ),
)
SETTINGS.add(
    "routes",
    NavItem(
        "Routes",
        "split",
        "/settings/routes",
        order=72,
        group=GROUP,
        capability=READ,
        also="who is notified routing",
    ),
)
SETTINGS.add(
    "deliveries",
    NavItem(
        "Deliveries",
        "send",
        "/settings/deliveries",
        order=74,
        group=GROUP,
        capability=READ,
        also="sent messages log",
    ),
)
READ_INCIDENTS = Capability.INCIDENTS_READ
SETTINGS.add(
    "silences",
    NavItem(
        "Silences",
        "bell",
        "/settings/silences",
        order=75,
        group=GROUP,
        capability=READ_INCIDENTS,
        also="mute",
    ),
)
SETTINGS.add(
    "maintenance",
    NavItem(
        "Maintenance windows", "calendar", "/settings/maintenance", order=76, group=GROUP,
        capability=READ_INCIDENTS, also="planned work downtime",
    ),
)  # fmt: skip
SETTINGS.add("contacts", NavItem("Contact methods", "at-sign", "/settings/contacts", order=12, group="You"))
add_audit_area("notifications", "channel.", "route.", "delivery.", "contact.", "silence.", "window.")
