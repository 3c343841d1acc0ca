"""A third-party Statuspage client reads the page over a real socket."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from statuspage_prometheus_exporter.service_checker import check_status_page_service

from status.publishing.services.incidents import publish_incident
from status.publishing.services.maintenance import schedule_maintenance
from tests.fakes.receiver import Receiver, Reply, running


@pytest.fixture
def read(scenario, monkeypatch, tmp_path):
    """What the client makes of the page's summary."""
    monkeypatch.chdir(tmp_path)  # it writes a cache below

    def reading():
        scenario.build()
        page = scenario.get("api/v2/summary.json")
        headers = {"Content-Type": page["Content-Type"]}
        with running(Receiver(lambda received: Reply(200, page.content, headers))) as fake:
            return check_status_page_service("acme", {"url": fake.url, "name": "Acme"})

    return reading


def test_statuspage_client_reads_a_page_without_incidents(read):
    found = read()
    assert (found["success"], found["raw_status"], found["details"]) == (
        True, "none", "All Systems Operational",
    )  # fmt: skip
    assert {one["name"] for one in found["component_metadata"]} == {"Shop", "Checkout"}


def test_client_of_statuspage_reads_incidents_and_maintenance(scenario, read):
    publish_incident(scenario.actor, number=scenario.incident.number, title="Checkout is slow")
    now = timezone.now()
    planned = schedule_maintenance(
        scenario.actor, title="Upgrade", starts_at=now + timedelta(hours=1), ends_at=now + timedelta(hours=2),
        components=[scenario.component.public_id],
    )  # fmt: skip
    found = read()
    assert found["success"]
    [incident], [maintenance] = found["incident_metadata"], found["maintenance_metadata"]
    assert incident["name"].startswith("Checkout is slow")
    assert (incident["impact"], incident["affected_components"]) == ("critical", ["Checkout"])
    assert f"/status/acme/incidents/{incident['id']}" in incident["shortlink"]
    assert (maintenance["name"], maintenance["status"]) == ("Upgrade", "scheduled")
    assert maintenance["id"] == planned.public_id
    assert maintenance["scheduled_start"] < maintenance["scheduled_end"]
