"""A realistic afternoon at a payments company, created through the real services, for the pictures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django

from scripts import gallery_senders

INCIDENTS = (
    (
        "Checkout returns 502 for every card payment", "sev1", "service_down", 14,
        ("checkout-api", "payments-gateway", "edge-proxy"), ""),
    (
        "Login latency above 4 s in eu-west", "sev2", "performance_degradation", 47,
        ("identity", "session-store"), "dana.ruiz"),
    ("Search index lags behind by 40 minutes", "sev3", "quality_drop", 96, ("search-indexer",), "dana.ruiz"),
    ("Disk space below 8 % on reporting-db-3", "sev3", "disk_space_low", 131, ("reporting-db",), ""),
    (
        "Webhooks to partners time out after release 2026.11.20 and are retried until the queue overflows",
        "sev2", "api_rate_limit", 22, ("partner-webhooks",), ""),
    ("Nightly export wrote an empty file", "sev4", "workflow_failure_spike", 400, ("exports",), "theo.lind"),
    (
        "Payments-" + "x" * 120 + " תקלה בשרת התשלומים: כל הבקשות נדחות " + "y" * 30, "sev3", "other", 5,
        ("c" * 90, "שרת־תשלומים", "<b>bold</b>"), "dana.ruiz"),
)  # fmt: skip
HOSTILE = (
    "https://example.test/" + "a" * 300,
    "لا يمكن الاتصال بقاعدة البيانات منذ الساعة التاسعة",
    "<script>alert(1)</script>\n\nline two\n    indented " + "🔥" * 60,
)


def build() -> None:
    """Declare the incidents as of some minutes ago and work on the second one."""
    from django.utils import timezone

    from accounts.actor import Actor
    from accounts.models import Membership, Role
    from incidents.correlation.services import opening
    from incidents.lifecycle.services import responding
    from incidents.roles import services as role_services
    from incidents.timeline.services import notes

    members = Membership.across_workspaces.select_related("user")
    actors = {
        m.user.username: Actor(m.workspace_id, "user", m.user.label, user_id=m.user_id, role=Role(m.role))
        for m in members
    }
    dana, theo, now = actors["dana.ruiz"], actors["theo.lind"], timezone.now()
    for title, severity, kind, minutes, components, commander in INCIDENTS:
        made = opening.declare_incident(
            theo, title=title, severity=severity, incident_type=kind, components=components,
            started_at=now - timedelta(minutes=minutes),
        )  # fmt: skip
        _age(made, minutes)
        if commander:
            responding.acknowledge_incident(actors[commander], number=made.number)
            role_services.assign_role(dana, number=made.number, username=commander)
    _person_with_a_long_name(dana.workspace_id)
    _hostile(actors, len(INCIDENTS))
    _long_incident(actors, 2)
    _empty_workspace()
    gallery_senders.build(dana, dana.workspace_id)
    responding.change_status(
        dana, number=2, status="investigating", message="Cache misses went from 2 % to 61 % at 09:12."
    )
    notes.add_note(
        theo,
        number=2,
        message="session-store-2 was restarted by the node upgrade; its memory limit is the old one.",
    )
    notes.add_update(
        dana,
        number=2,
        message="Signing in may take several seconds in Europe. The cause is known, the fix is rolling out.",
    )


def _hostile(actors: dict[str, Any], number: int) -> None:
    """Create text that breaks layouts: no spaces, right to left, markup, sixty emoji."""
    from incidents.roles import services as role_services
    from incidents.timeline.services import notes

    for words in HOSTILE:
        notes.add_note(actors["theo.lind"], number=number, message=words)
    role_services.assign_role(actors["dana.ruiz"], number=number, role="tech_lead", username="wolfe")


def _long_incident(actors: dict[str, Any], number: int) -> None:
    from incidents.timeline.services import notes

    for minute in range(60):
        notes.add_note(
            actors["theo.lind"], number=number, message=f"Probe {minute}: still {9 - minute // 7} s."
        )


def _empty_workspace() -> None:
    from accounts.models import Membership, User
    from config.installation.setup import create_workspace
    from tests.browser.site_data import PASSWORD

    quiet = create_workspace(slug="quiet", name="Quiet Corner")
    quinn = User.objects.create_user("quinn.empty", "quinn@example.test", PASSWORD, display_name="Quinn Hale")
    Membership.objects.create(workspace_id=quiet.pk, user=quinn, role="admin")


def _person_with_a_long_name(workspace_id: int) -> None:
    from accounts.models import Membership, User

    name = "Hubert Blaine Wolfeschlegelsteinhausenbergerdorff"
    wolfe = User.objects.create_user("wolfe", "wolfe@example.test", display_name=name)
    Membership.objects.create(workspace_id=workspace_id, user=wolfe, role="responder")


def _age(incident: Any, minutes: int) -> None:
    """Make an incident appear detected some minutes ago, with a plausible number of events."""
    from django.db.models import F

    from incidents.models import Incident, TimelineEntry

    back = timedelta(minutes=minutes)
    clocks = {name: F(name) - back for name in ("detected_at", "acknowledge_due_at", "resolve_due_at")}
    of = Incident.objects.of(incident.workspace_id).filter(pk=incident.pk)
    of.update(**clocks, event_count=7 + minutes * 5, last_event_at=F("updated_at"), source="detected")
    TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident).update(
        occurred_at=F("occurred_at") - back
    )


if __name__ == "__main__":
    django.setup()
    build()
