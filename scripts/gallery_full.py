"""Fills a workspace with more of everything than a page shows, through the real services; a program."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from itertools import product
from typing import Any, Final

import django
import requests

FULL: Final = "mara.full"
AREAS: Final = ("billing", "catalogue", "checkout", "identity", "ledger", "mail", "media", "search")
PARTS: Final = ("api", "cache", "cron", "database", "edge", "index", "queue", "worker")
COMPONENTS: Final = [f"{area}-{part}" for area, part in product(AREAS, PARTS)]
FAILING_CHECKS: Final = (
    ("{} answers every third request with 500", "error_burst", "sev2"),
    ("{} takes more than 4 s", "performance_degradation", "sev3"),
    ("Disk of {} is 93 % full", "disk_space_low", "sev4"),
    ("{} does not answer", "service_down", "sev1"),
)
ACTIVE: Final = 110
SETTLED: Final = 45
MANY: Final = 55
HUB: Final = "checkout-api"


def build() -> None:
    """Create a month of history, then a bad day with open incidents, responders and configuration."""
    from config.demo.month import seed_month
    from config.installation.setup import create_workspace

    workspace = create_workspace(slug="harbour", name="Harbour Logistics")
    mara = _admin(workspace.pk)
    seed_month(workspace)
    _bad_day(workspace.pk)
    _settle(mara)
    _catalogue(mara)
    _administer(mara)
    _long_incident(mara, _detected(mara))
    _busy_source(mara)


def _admin(workspace_id: int) -> Any:
    from accounts.actor import Actor
    from accounts.models import Membership, Role, User
    from tests.browser.site_data import PASSWORD

    user = User.objects.create_user(FULL, f"{FULL}@example.test", PASSWORD, display_name="Mara Quist")
    Membership.objects.create(workspace_id=workspace_id, user=user, role=Role.ADMIN)
    return Actor(workspace_id, "user", user.label, user_id=user.pk, role=Role.ADMIN)


def _bad_day(workspace_id: int) -> None:
    from django.db import transaction
    from django.utils import timezone

    from incidents.correlation.services.opening import report_signals

    now = timezone.now()
    for n in range(ACTIVE + SETTLED):
        at = now - timedelta(minutes=9 * (ACTIVE + SETTLED - n))
        with transaction.atomic():
            report_signals(workspace_id, [_signal(n, at)], now=at)


def _signal(n: int, at: Any) -> Any:
    from incidents.correlation.detection_signals import Signal
    from incidents.vocabulary import IncidentType, Severity

    words, kind, severity = FAILING_CHECKS[(n * 7 + n // 5) % len(FAILING_CHECKS)]
    component = COMPONENTS[n * 5 % len(COMPONENTS)]
    return Signal(
        fingerprint=sha256(f"full {n}".encode()).hexdigest(),
        reporter=f"rule:{kind}",
        incident_type=IncidentType(kind),
        severity=Severity(severity),
        title=words.format(component),
        description=f"Seen by {n % 3 + 1} probes.",
        started_at=at - timedelta(seconds=20 + n),
        last_at=at,
        event_count=5 + n * 13,
        components=tuple(dict.fromkeys((component, HUB, *COMPONENTS[: n % 3]))),
    )


def _settle(mara: Any) -> None:
    """Resolve many in bulk, with the last two refused; take over some, so that a few are Mara's own."""
    from incidents.bulk.services.actions import Pick, act_on_many
    from incidents.models import Incident

    numbers = list(
        Incident.objects.of(mara.workspace_id).order_by("-number").values_list("number", flat=True)
    )
    mine, old = numbers[4:16], numbers[ACTIVE : ACTIVE + SETTLED]
    act_on_many(mara, kind="assign", picks=[Pick(n) for n in mine], username=FULL)
    picks = [*(Pick(n) for n in old), Pick(99_999), Pick(mine[0], version=1)]
    act_on_many(mara, kind="resolve", picks=picks, message="The new release was taken back.")


def _catalogue(mara: Any) -> None:
    from incidents.components.services.editing import edit_component
    from incidents.models import Component

    ids = dict(Component.objects.of(mara.workspace_id).values_list("name", "id"))
    leaves = [name for name in COMPONENTS if name.endswith(("database", "cache", "queue"))]
    for n, name in enumerate(COMPONENTS):
        wanted: dict[str, Any] = {"tier": n % 5 + 1, "owner": FULL if n % 3 else ""}
        if name not in leaves:
            wanted["depends_on"] = leaves if name == HUB else [leaves[n % len(leaves)]]
        edit_component(mara, component_id=ids[name], wanted=wanted)
    hub = {"description": "Takes orders, asks everybody else.", "runbook_url": "https://example.test/hub"}
    edit_component(mara, component_id=ids[HUB], wanted=hub)


def _administer(mara: Any) -> None:
    from accounts.actor import system_actor
    from accounts.people.services.invitations import add_person
    from accounts.tokens.services import issue_token
    from detection.rules.services.rules import create_rule
    from detection.sources.services.record_change import record_change
    from detection.sources.services.sources import create_source

    system = system_actor(mara.workspace_id)
    kinds = ("alertmanager", "grafana", "sentry", "datadog", "pagerduty", "generic")
    for n in range(MANY):
        area = AREAS[n % len(AREAS)]
        handle, role = f"{area}.{n}", ("viewer", "responder", "manager")[n % 3]
        add_person(system, email=f"{handle}@example.test", username=handle, display_name="", role=role)
        issue_token(mara, name=f"{area} pipeline {n}", scopes=["events:write", "incidents:read"][: n % 2 + 1])
        create_source(mara, kind=kinds[n % len(kinds)], name=f"{area}, cluster {n}", enabled=n % 9 > 0)
        create_rule(mara, fields=_rule(n, area))
        record_change(mara, fields={"summary": f"Deployed {area}-api 4.{n}", "component": f"{area}-api"})


def _rule(n: int, area: str) -> dict[str, Any]:
    return {
        "rule_id": f"{area}_errors_{n}",
        "name": f"Errors of {area}, group {n}",
        "incident_type": "error_burst",
        "event_types": [f"{area}_failed_{n}"],
        "error_threshold": 20 + n,
        "time_window_seconds": 120,
        "severity": f"sev{n % 4 + 1}",
        "dry_run": n % 4 == 0,
    }


def _busy_source(mara: Any) -> None:
    """Create a sender of many alerts and of many requests that could not be parsed."""
    from django.test import Client

    from detection.sources.services.sources import create_source

    _, key = create_source(mara, kind="generic", name="Harbour cranes", mapping={"title": "what"})
    client = Client(headers={"host": "localhost"})
    good = [{"what": f"Crane {n} stands still", "crane": n} for n in range(12)]
    unreadable = [{"nothing": f"of crane {n}", "load_t": n} for n in range(MANY)]
    for body in (*good, *unreadable):
        client.post(f"/api/v1/webhooks/generic/{key}", body, content_type="application/json")


def _detected(mara: Any) -> int:
    """Return the number of an incident that detection opens from received events."""
    from accounts.tokens.services import issue_token
    from incidents.models import Incident

    before = Incident.objects.of(mara.workspace_id).order_by("-number").values_list("number", flat=True)[0]
    token = issue_token(mara, name="Collector", scopes=["events:write"]).text
    address = f"http://127.0.0.1:{os.environ['PORT']}/api/v1/events"
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.post(address, json=list(_events()), headers=headers, timeout=30).status_code == 202
    for _ in range(150):
        time.sleep(0.2)
        if (
            found := Incident.objects.of(mara.workspace_id)
            .filter(number__gt=before)
            .order_by("number")
            .first()
        ):
            return int(found.number)
    raise TimeoutError("detection opened no incident")


def _events() -> Iterator[dict[str, Any]]:
    levels = ("error", "error", "critical", "fatal")
    for n in range(240):
        yield {
            "service": "checkout-api",
            "level": levels[n % len(levels)],
            "event_type": ("payment_failed", "timeout", "refused")[n % 3],
            "message": f"Order {4000 + n}: the payment gateway answered 502 after {n % 7 + 1} s",
            "metadata": {"order": 4000 + n, "node": f"checkout-{n % 12}"},
        }


def _long_incident(mara: Any, number: int) -> None:
    """Create three hundred timeline entries, every role, many components and many related incidents."""
    from incidents.components.services.affected_components import set_component_impact
    from incidents.lifecycle.services.responding import acknowledge_incident, change_status
    from incidents.links.services import relate_incidents
    from incidents.roles.services import assign_role
    from incidents.timeline.services.notes import add_note, add_update
    from incidents.vocabulary import ResponseRole

    acknowledge_incident(mara, number=number)
    for role in ResponseRole:
        assign_role(mara, number=number, role=role, username=FULL)
    for component in COMPONENTS[:40]:
        set_component_impact(mara, number=number, component=component)
    for other in range(number - 12, number):
        relate_incidents(mara, number=number, other=other)
    for n in range(260):
        add_note(mara, number=number, message=f"Probe {n}: {n % 9 + 1} of 9 nodes answer.")
    change_status(mara, number=number, status="investigating", message="Three nodes run the old image.")
    for n in range(5):
        add_update(mara, number=number, message=f"Orders are taken, paying is slow. Update {n + 1}.")


if __name__ == "__main__":
    django.setup()
    build()
