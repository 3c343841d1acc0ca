"""Menu entries of escalation policies and reachability, and the escalation panel of an incident."""

from __future__ import annotations

from accounts.permissions import Capability
from core.ui.navigation import SETTINGS, NavItem

SETTINGS.add(
    "escalation",
    NavItem(
        "Escalation policies", "list-ordered", "/settings/escalation", order=34, group="Workspace",
        capability=Capability.ONCALL_WRITE,
    ),
)  # fmt: skip
