"""PagerDuty's Events API v2 at its own addresses and at the source's."""

from __future__ import annotations

import pytest

from detection.models import ChangeEvent
from incidents.lifecycle.services.responding import acknowledge_incident
from incidents.models import Component
from tests.detection.webhooks.senders import Sender

pytestmark = pytest.mark.django_db
PAYLOAD = {"summary": "Disk full on db-1", "source": "db-1", "severity": "critical"}


@pytest.fixture
def pager(make_sender) -> Sender:
    return make_sender("pagerduty")


def send(sender: Sender, action: str = "trigger", key: str | None = "db-1/disk", **more):
    body = {"routing_key": sender.key, "event_action": action, "payload": PAYLOAD, **more}
    return sender.post(body if key is None else body | {"dedup_key": key}, address="/v2/enqueue")


def test_event_response_equals_that_of_pagerduty(pager):
    response = send(pager)
    assert response.status_code == 202
    assert response.json() == {"status": "success", "message": "Event processed", "dedup_key": "db-1/disk"}
    assert (pager.only_incident().title, pager.only_incident().severity) == ("Disk full on db-1", "sev1")


def test_sources_own_address_takes_the_same(pager):
    pager.post({"event_action": "trigger", "dedup_key": "db-1/disk", "payload": PAYLOAD})
    send(pager, "resolve")
    assert pager.only_incident().status == "resolved"


def test_trigger_acknowledge_resolve_are_one_incident(pager):
    assert send(pager).status_code == send(pager).status_code == 202
    send(pager, "acknowledge")
    incident = pager.only_incident()
    assert (bool(incident.acknowledged_label), incident.status) == (True, "open")
    send(pager, "acknowledge")
    send(pager, "resolve", payload=None)
    assert pager.only_incident().status == "resolved"
    assert send(pager, "resolve").status_code == 202


def test_event_action_may_be_surrounded_by_space(pager):
    assert send(pager, "trigger\n").status_code == 202
    assert send(pager, " resolve", payload=None).status_code == 202
    assert pager.only_incident().status == "resolved"


def test_resolve_without_details_keeps_the_text_of_the_trigger(pager):
    send(pager)
    send(pager, "resolve", payload=None)
    row = pager.alerts()["db-1/disk"]
    assert (row.title, row.severity, row.component) == ("Disk full on db-1", "sev1", "db-1")


def test_first_acknowledgement_is_preserved(pager, actor):
    send(pager)
    acknowledge_incident(actor, number=1)
    first = pager.only_incident().acknowledged_at
    assert send(pager, "acknowledge").status_code == 202
    assert pager.only_incident().acknowledged_at == first


def test_acknowledging_or_resolving_what_never_fired_opens_nothing(pager):
    assert [send(pager, action).status_code for action in ("acknowledge", "resolve")] == [202, 202]
    assert pager.incidents() == []


def test_trigger_without_a_key_gets_one_and_sent_again_at_once_the_same(pager):
    first, again = send(pager, key=None).json(), send(pager, key=None).json()
    assert first["dedup_key"] == again["dedup_key"]
    assert len(first["dedup_key"]) == 32
    other = send(pager, key=None, payload={**PAYLOAD, "summary": "Another"}).json()
    assert other["dedup_key"] != first["dedup_key"]
    assert len(pager.incidents()) == 2


def test_new_trigger_soon_after_the_resolution_brings_it_back(pager):
    for action in ("trigger", "resolve", "trigger"):
        send(pager, action)
    assert pager.only_incident().status == "investigating"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"event_action": "explode"}, "'event_action' is invalid"),
        ({"dedup_key": "k" * 256}, "'dedup_key' is too long (maximum is 255 characters)"),
        ({"event_action": "resolve", "dedup_key": ""}, "'dedup_key' is missing or blank"),
        ({"payload": {**PAYLOAD, "summary": ""}}, "'payload.summary' is missing or blank"),
        ({"payload": {**PAYLOAD, "severity": "purple"}}, "'payload.severity' is invalid"),
        ({"routing_key": ""}, "'routing_key' is missing or blank"),
    ],
)  # fmt: skip
def test_invalid_event_is_refused_with_the_pagerduty_message(pager, change, error):
    response = send(pager, **change) if "dedup_key" not in change else send(pager, key=None, **change)
    assert response.status_code == 400
    body = response.json()
    assert (body["status"], body["message"]) == ("invalid event", "Event object is invalid")
    assert [fault.partition(" (must be")[0] for fault in body["errors"]] == [error]


def test_invalid_json_or_unknown_key_is_400(pager):
    for body in (b"{", b"[]", b'"x"', {"routing_key": "x" * 32, "event_action": "trigger"}):
        response = pager.post(body, address="/v2/enqueue")
        assert (response.status_code, response.json()["status"]) == (400, "invalid event")


def test_half_a_megabyte_is_the_limit(pager):
    text = "x" * 520_000
    assert send(pager, client=text).status_code == 202
    response = send(pager, client=text + "x" * 5000)
    assert (response.status_code, response.json()["status"]) == (413, "invalid event")


def test_change_event_is_stored_once_and_opens_nothing(pager):
    body = {
        "routing_key": pager.key,
        "payload": {"summary": "Build 7", "source": "ci", "timestamp": "2026-11-21T10:00:00Z",
                    "custom_details": {"service": "shop", "kind": "deployment", "version": "1.2"}},
        "links": [{"href": "https://ci.test/7", "text": "Build"}],
    }  # fmt: skip
    for _ in range(2):
        response = pager.post(body, address="/v2/change/enqueue")
        assert (response.status_code, response.json()["message"]) == (202, "Change event processed")
    change = ChangeEvent.objects.of(pager.source.workspace_id).get()
    assert (change.kind, change.component, change.change_version) == ("deployment", "shop", "1.2")
    assert change.shown_links == [{"url": "https://ci.test/7", "text": "Build"}]
    assert Component.objects.of(pager.source.workspace_id).filter(name="shop").exists()
    assert pager.incidents() == []
