"""Opsgenie's Alert API, spoken at its own addresses."""

from __future__ import annotations

import pytest

from tests.detection.webhooks.senders import Sender

pytestmark = pytest.mark.django_db
ALERT = {"message": "Replication lags", "alias": "db-1/lag", "priority": "P2", "entity": "db-1"}


@pytest.fixture
def genie(make_sender) -> Sender:
    return make_sender("opsgenie")


def send(sender: Sender, path: str = "", body=None, key: str | None = None):
    scheme = f"GenieKey {sender.key if key is None else key}"
    return sender.post(ALERT if body is None else body, address=f"/v2/alerts{path}", authorization=scheme)


def test_an_alert_is_created_acknowledged_and_closed_by_its_alias(genie):
    answer = send(genie)
    assert answer.status_code == 202
    assert answer.json()["result"] == "Request will be processed"
    assert answer.json()["requestId"]
    assert (genie.only_incident().title, genie.only_incident().severity) == ("Replication lags", "sev2")
    assert send(genie, "/db-1%2Flag/acknowledge?identifierType=alias", {}).status_code == 202
    assert genie.only_incident().acknowledged_at is not None
    assert send(genie, "/db-1%2Flag/close?identifierType=alias", b"").status_code == 202
    assert genie.only_incident().status == "resolved"


def test_the_same_alias_again_is_the_same_incident(genie):
    send(genie)
    send(genie, body={**ALERT, "priority": "P1"})
    assert genie.only_incident().severity == "sev1"


@pytest.mark.parametrize("key", ["", "x", "y" * 32])
def test_an_unknown_key_is_401(genie, key):
    answer = send(genie, key=key)
    assert (answer.status_code, "requestId" in answer.json()) == (401, True)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {}, 422), ("", {"message": "x", "priority": "P9"}, 422), ("", b"{", 422), ("", [], 422),
        ("", {"message": "x", "alias": "a" * 513}, 422), ("/x/snooze", {}, 404), ("/x", {}, 404),
    ],
)  # fmt: skip
def test_what_is_not_right_is_refused_in_opsgenies_words(genie, path, body, status):
    answer = send(genie, path, body)
    assert answer.status_code == status
    if path != "/x":
        assert answer.json()["message"]
