"""The CloudEvents SDK for Python as the sender: every message it sends is understood."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from detection.webhooks.format import SourceSettings, webhook_formats
from detection.webhooks.http.request import WebhookRequest
from tests.detection.webhooks.fixture import NOW

ATTRIBUTES = {
    "id": "A-1", "source": "https://acme.test/payments gateway?x=ä", "type": "com.acme.payment.failed",
    "specversion": "1.0", "subject": "Bestellung 17 – €", "datacontenttype": "application/json",
    "time": datetime(2026, 11, 21, 11, 58, tzinfo=UTC), "severitytext": "ERROR",
}  # fmt: skip


def read(message):
    headers = {name.lower(): value for name, value in message.headers.items()}
    request = WebhookRequest("POST", headers, message.body, message.body, NOW)
    assert webhook_formats().get("cloudevents").takes(request.content_type)
    return webhook_formats().get("cloudevents").read(request, SourceSettings("Prod"))


@pytest.mark.parametrize("send", [to_binary_event, to_structured_event])
def test_event_of_the_sdk_is_understood_in_both_modes(send):
    [event] = read(
        send(CloudEvent(ATTRIBUTES, {"message": "Die Karte wurde abgelehnt", "amount": 12}))
    ).events
    assert event["source"] == ATTRIBUTES["source"]
    assert event["event_id"] == f"{ATTRIBUTES['source']}:A-1"
    assert event["message"] == "Die Karte wurde abgelehnt"
    assert event["level"] == "error"
    assert event["occurred_at"] == "2026-11-21T11:58:00+00:00"
    assert event["metadata"]["subject"] == "Bestellung 17 – €"
    assert event["metadata"]["data"]["amount"] == 12


@pytest.mark.parametrize("send", [to_binary_event, to_structured_event])
@pytest.mark.parametrize("data", [None, "just words", b"\x00\xff", {"a": ["b"]}])
def test_any_data_of_the_sdk_is_stored(send, data):
    kind = {str: "text/plain", bytes: "application/octet-stream"}.get(type(data), "application/json")
    [event] = read(send(CloudEvent({**ATTRIBUTES, "datacontenttype": kind}, data))).events
    assert event["message"] == ("just words" if data == "just words" else "Bestellung 17 – €")
