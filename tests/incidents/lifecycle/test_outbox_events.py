"""Outbox events of an incident: kinds, snapshot, actor and order."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from core.models import OutboxEvent
from incidents.components.services.affected_components import set_component_impact
from incidents.correlation.detection_signals import JoinedEvents
from incidents.correlation.services.opening import add_joined_events, declare_incident
from incidents.lifecycle.services.resolving import close_incident, reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import acknowledge_incident, change_severity, change_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def incident(actor):
    return declare_incident(actor, title="Checkout is down", severity="sev2", components=["web", "api"])


def published(topic="incident.", after=0):
    rows = OutboxEvent.objects.filter(topic__startswith=topic, pk__gt=after)
    return list(rows.order_by("id"))


def test_event_carries_the_incident_as_it_was_and_who_acted(actor, incident, settings):
    change_severity(actor, number=1, severity="sev1")
    opened, changed = published()
    assert opened.payload["schema"] == 1
    assert opened.payload["actor"] == {"kind": actor.kind, "label": actor.label, "user_id": actor.user_id}
    snapshot = opened.payload["snapshot"]
    assert snapshot["url"] == f"{settings.BASE_URL}/incidents/INC-1"
    assert (snapshot["number"], snapshot["title"], snapshot["version"]) == (1, "Checkout is down", 1)
    assert (snapshot["severity"], changed.payload["snapshot"]["severity"]) == ("sev2", "sev1")
    assert snapshot["components"] == ["api", "web"]
    assert (snapshot["is_drill"], snapshot["labels"], snapshot["type"]) == (False, {}, "other")


def test_status_changes_name_what_they_mean(actor, incident):
    resolve_incident(actor, number=1, message="Fixed.")
    close_incident(actor, number=1)
    reopen_incident(actor, number=1)
    assert [event.topic for event in published()] == [
        "incident.opened",
        "incident.status_changed", "incident.resolved", "incident.acknowledged",
        "incident.status_changed", "incident.closed",
        "incident.status_changed", "incident.reopened",
    ]  # fmt: skip


def test_ids_follow_the_order_of_versions(actor, incident):
    acknowledge_incident(actor, number=1)
    change_status(actor, number=1, status="identified")
    change_severity(actor, number=1, severity="sev1")
    versions = [event.payload["version"] for event in published()]
    assert versions == sorted(versions)
    assert versions[-1] > versions[0]


def test_further_component_is_growth(actor, incident):
    set_component_impact(actor, number=1, component="web")
    assert published("incident.grew") == []
    set_component_impact(actor, number=1, component="search")
    [grew] = published("incident.grew")
    assert grew.payload["components"] == ["search"]
    assert grew.payload["snapshot"]["components"] == ["api", "search", "web"]


def join(incident, count, components=()):
    with transaction.atomic():
        joined = JoinedEvents(incident.pk, count, timezone.now(), components=components)
        add_joined_events(incident.workspace_id, [joined])


def test_ten_times_the_events_are_growth_once(incident):
    join(incident, 99)
    assert published("incident.grew") == []
    join(incident, 1)
    join(incident, 800)
    assert [event.payload["event_count"] for event in published("incident.grew")] == [100]
    join(incident, 100, components=("database",))
    [_, grew] = published("incident.grew")
    assert (grew.payload["event_count"], grew.payload["components"]) == (1000, ["database"])
