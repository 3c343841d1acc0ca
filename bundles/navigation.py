"""Menu entry of the bundle pages."""

from __future__ import annotations

from accounts.audit.selectors import hide_audit_of
from accounts.permissions import Capability
from bundles.records.models import Bundle
from core.ui.navigation import NAVIGATION, NavItem
from incidents.privacy.selectors import hidden_from

NAVIGATION.add(
    "bundles",
    NavItem("Bundles", "archive", "/bundles", order=46, capability=Capability.BUNDLES_READ),
)

hide_audit_of(
    "bundle",
    lambda actor: Bundle.objects.of(actor.workspace_id).filter(incident__in=hidden_from(actor)),
)
