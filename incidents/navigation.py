"""Menu entries of the incident pages."""

from __future__ import annotations

from accounts.audit.selectors import hide_audit_of
from accounts.permissions import Capability
from core.ui.navigation import NAVIGATION, PAGES, SETTINGS, NavItem
from incidents.models import Analysis
from incidents.privacy.selectors import hidden_from

NAVIGATION.add(
    "active",
    NavItem("Active incidents", "siren", "/", order=10, exact=True, keys="g d", badge="incidents.open_count"),
)
NAVIGATION.add(
    "incidents",
    NavItem("All incidents", "list", "/incidents", order=20, keys="g i", also="history export list"),
)
SETTINGS.add(
    "stages",
    NavItem(
        "Stage checklists",
        "list-checks",
        "/settings/stages",
        order=51,
        group="Workspace",
        capability=Capability.SETTINGS_WRITE,
        also="template playbook minutes",
    ),
)
SETTINGS.add(
    "update-templates",
    NavItem(
        "Update templates",
        "megaphone",
        "/settings/update-templates",
        order=52,
        group="Workspace",
        capability=Capability.SETTINGS_WRITE,
        also="stakeholder message text",
    ),
)
SETTINGS.add(
    "sla",
    NavItem(
        "SLA targets",
        "timer",
        "/settings/sla",
        order=50,
        group="Workspace",
        capability=Capability.SETTINGS_WRITE,
        also="deadlines response times",
    ),
)
NAVIGATION.add("activity", NavItem("Activity", "history", "/activity", order=25, keys="g a"))
NAVIGATION.add("sla-report", NavItem("SLA report", "timer", "/reports/sla", order=34))
NAVIGATION.add(
    "components",
    NavItem("Components", "boxes", "/components", order=30, keys="g c", also="services systems catalogue"),
)
NAVIGATION.add(
    "drills", NavItem("Drills", "flag", "/drills", order=58, also="exercise game day practice fire drill")
)
NAVIGATION.add("analytics", NavItem("Analytics", "chart-column", "/analytics", order=45, keys="g n"))
PAGES.add(
    "declare",
    NavItem(
        "Declare an incident", "plus", "/incidents/declare", also="new open report create",
        capability=Capability.INCIDENTS_WRITE,
    ),
)  # fmt: skip
PAGES.add(
    "component",
    NavItem(
        "New component",
        "boxes",
        "/components/new",
        also="add service",
        capability=Capability.COMPONENTS_WRITE,
    ),
)
for _format in ("csv", "json", "markdown"):
    PAGES.add(
        f"export {_format}",
        NavItem(
            f"Export all incidents as {_format.upper() if _format != 'markdown' else 'Markdown'}",
            "download", f"/incidents/export?format={_format}", also="download list",
        ),
    )  # fmt: skip

hide_audit_of("incident", hidden_from)
hide_audit_of(
    "analysis", lambda actor: Analysis.objects.of(actor.workspace_id).filter(incident__in=hidden_from(actor))
)
