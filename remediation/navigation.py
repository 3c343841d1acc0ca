"""Menu entries of remediation."""

from __future__ import annotations

from accounts.audit.selectors import hide_audit_of
from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, NavItem
from incidents.listing.row_actions import BULK_ACTIONS, ROW_ACTIONS, BulkAction, RowAction
from incidents.privacy.selectors import hidden_from
from remediation.runs.models import RemediationRun

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
BULK_ACTIONS.add("mitigate", BulkAction("Mitigate", "wrench", "/remediation/many", order=10))

hide_audit_of(
    "remediationrun",
    lambda actor: RemediationRun.objects.of(actor.workspace_id).filter(incident__in=hidden_from(actor)),
)
