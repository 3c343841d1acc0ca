"""Menu entry of the status page, and its area of the audit trail."""

from __future__ import annotations

from accounts.audit.selectors import add_audit_area, hide_audit_of
from accounts.permissions import Capability
from core.ui.navigation import SETTINGS, NavItem
from incidents.privacy.selectors import hidden_from
from status.publishing.models import PublicIncident

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
hide_audit_of(
    "publicincident",
    lambda actor: PublicIncident.objects.of(actor.workspace_id).filter(incident__in=hidden_from(actor)),
)
