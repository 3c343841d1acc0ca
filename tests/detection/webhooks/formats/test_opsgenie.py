"""Opsgenie's Alert API at its own addresses."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from detection.evaluation.services.sweeper import forget_requests
from tests.detection.webhooks.senders import Sender

pytestmark = pytest.mark.django_db
ALERT = {"message": "Replication lags", "alias": "db-1/lag", "priority": "P2", "entity": "db-1"}


@pytest.fixture
def genie(make_sender) -> Sender:
    return make_sender("opsgenie")


def send(sender: Sender, path: str = "", body=None, key: str | None = None):
    scheme = f"GenieKey {sender.key if key is None else key}"
    return sender.post(ALERT if body is None else body, address=f"/v2/alerts{path}", authorization=scheme)


def test_alert_is_created_acknowledged_and_closed_by_its_alias(genie):
    response = send(genie)
    assert response.status_code == 202
    assert response.json()["result"] == "Request will be processed"
    assert response.json()["requestId"]
    assert (genie.only_incident().title, genie.only_incident().severity) == ("Replication lags", "sev2")
    assert send(genie, "/db-1%2Flag/acknowledge?identifierType=alias", {}).status_code == 202
    assert genie.only_incident().acknowledged_label
    assert send(genie, "/db-1%2Flag/close?identifierType=alias", b"").status_code == 202
    assert genie.only_incident().status == "resolved"


def test_same_alias_again_is_the_same_incident(genie):
    send(genie)
    send(genie, body={**ALERT, "priority": "P1"})
    assert genie.only_incident().severity == "sev1"


@pytest.mark.parametrize("key", ["", "x", "y" * 32])
def test_unknown_key_is_401(genie, key):
    response = send(genie, key=key)
    assert (response.status_code, "requestId" in response.json()) == (401, True)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {}, 422), ("", {"message": "x", "priority": "P9"}, 422), ("", b"{", 422), ("", [], 422),
        ("", {"message": "x", "alias": "a" * 513}, 422), ("/x/dance", {}, 404), ("/x", {}, 404),
    ],
)  # fmt: skip
def test_bad_request_is_refused_with_the_opsgenie_message(genie, path, body, status):
    response = send(genie, path, body)
    assert response.status_code == status
    if path != "/x":
        assert response.json()["message"]


def status(sender: Sender, request_id: str, key: str | None = None):
    scheme = f"GenieKey {sender.key if key is None else key}"
    return sender.browser.get(f"/v2/alerts/requests/{request_id}", headers={"authorization": scheme})


@pytest.mark.parametrize(
    ("path", "body", "action", "words"),
    [
        ("", ALERT, "Create", "Created alert"),
        ("/db-1%2Flag/acknowledge?identifierType=alias", {}, "Acknowledge", "Acknowledged alert"),
        ("/db-1%2Flag/close?identifierType=alias", {}, "Close", "Closed alert"),
    ],
)
def test_client_gets_the_outcome_of_its_request(genie, path, body, action, words):
    send(genie)
    request_id = send(genie, path, body).json()["requestId"]
    response = status(genie, request_id)
    assert (response.status_code, response.json()["requestId"]) == (200, request_id)
    data = response.json()["data"]
    assert (data["success"], data["isSuccess"]) == (True, True)
    assert (data["action"], data["status"], data["alias"]) == (action, words, "db-1/lag")
    assert datetime.fromisoformat(data["processedAt"]).tzinfo is not None


def test_returned_id_names_the_alert(genie):
    request_id = send(genie, body={"message": "No alias"}).json()["requestId"]
    alert_id = status(genie, request_id).json()["data"]["alertId"]
    assert send(genie, f"/{alert_id}/close", {}).status_code == 202
    assert genie.only_incident().status == "resolved"


@pytest.mark.parametrize("action", ["acknowledge", "close"])
def test_action_on_an_unknown_alert_does_not_succeed(genie, action):
    request_id = send(genie, f"/nobody/{action}?identifierType=alias", {}).json()["requestId"]
    data = status(genie, request_id).json()["data"]
    assert (data["isSuccess"], data["status"], data["alertId"]) == (False, "Alert does not exist", "")
    assert genie.incidents() == []


def test_request_status_is_returned_to_its_own_source_only(genie, make_sender):
    request_id = send(genie).json()["requestId"]
    other = make_sender("opsgenie", "Other")
    assert status(other, request_id).status_code == 404
    assert status(genie, request_id, key="y" * 32).status_code == 401
    response = status(genie, "00000000-0000-0000-0000-000000000000")
    assert (response.status_code, response.json()["message"]) == (
        404,
        "Request not found. It might not be processed, yet.",
    )
    assert genie.browser.get("/v2/alerts/db-1/close").status_code == 401


def test_outcomes_are_forgotten_after_a_day(genie):
    request_id = send(genie).json()["requestId"]
    forget_requests(timezone.now() + timedelta(hours=23))
    assert status(genie, request_id).status_code == 200
    forget_requests(timezone.now() + timedelta(hours=25))
    assert status(genie, request_id).status_code == 404
