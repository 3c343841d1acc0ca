"""Menu entries of rules and sources."""

from __future__ import annotations

from accounts.audit.selectors import add_audit_area
from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, PAGES, NavItem

NAVIGATION.add(
    "rules",
    NavItem(
        "Rules",
        "radar",
        "/rules",
        order=60,
        capability=Capability.RULES_READ,
        keys="g r",
        also="detection alerts thresholds",
    ),
)
NAVIGATION.add(
    "sources",
    NavItem(
        "Sources",
        "plug",
        "/sources",
        order=65,
        capability=Capability.SOURCES_READ,
        keys="g s",
        also="integrations senders webhooks events",
    ),
)
NAVIGATION.add(
    "heartbeats",
    NavItem(
        "Heartbeats",
        "activity",
        "/heartbeats",
        order=67,
        capability=Capability.SOURCES_READ,
        also="cron jobs monitors dead man",
    ),
)
PAGES.add(
    "rule",
    NavItem("New rule", "radar", "/rules/new", also="add detection", capability=Capability.RULES_WRITE),
)
PAGES.add(
    "simulate",
    NavItem(
        "Simulate an incident",
        "play",
        "/simulate",
        also="drill sample events exercise test",
        capability=Capability.INCIDENTS_WRITE,
    ),
)
PAGES.add(
    "source",
    NavItem(
        "New source", "plug", "/sources/new", also="add integration", capability=Capability.SOURCES_WRITE
    ),
)
add_audit_area("heartbeats", "heartbeat.")
