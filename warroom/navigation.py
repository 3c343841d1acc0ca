"""Menu entry of the Slack settings."""

from __future__ import annotations

from accounts.audit.selectors import add_audit_area, hide_audit_of
from accounts.permissions import Capability
from core.ui.navigation import SETTINGS, NavItem
from incidents.privacy.selectors import hidden_from
from warroom.rooms.models import Room

SETTINGS.add(
    "slack",
    NavItem(
        "Slack", "hash", "/settings/slack", order=37, group="Workspace", capability=Capability.SETTINGS_WRITE
    ),
)

add_audit_area("slack", "slack.")
hide_audit_of(
    "room",
    lambda actor: Room.objects.of(actor.workspace_id).filter(incident__in=hidden_from(actor)),
)
