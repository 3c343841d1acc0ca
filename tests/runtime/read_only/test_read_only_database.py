"""A database that refuses writes gives 503 with Retry-After at every interface, never 500."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from accounts.actor import system_actor
from accounts.models import Membership
from accounts.tokens.services import issue_token
from detection.sources.services.sources import create_source

pytestmark = pytest.mark.django_db(transaction=True)
JSON = "application/json"


@pytest.fixture
def read_only(workspace) -> Iterator[None]:
    """Only called for by `made`, after everything a test needs is stored."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = off")


def refuse_writes() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set default_transaction_read_only = on")


@pytest.fixture
def made(workspace, make_user, read_only):
    """A browser, a token and the address of a source; from then on nothing can be written."""
    user = make_user("dana", password="twelve blue lanterns")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="admin")
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    _, key = create_source(system_actor(workspace.pk), kind="alertmanager", name="Prod")
    token = issue_token(system_actor(workspace.pk), name="Admin", scopes=["admin"]).text
    refuse_writes()
    return browser, token, key


def is_refused(response) -> bool:
    return response.status_code == 503 and response["Retry-After"].isdigit()


def test_api_and_pages_return_unavailable(made):
    browser, token, _ = made
    machine = Client(raise_request_exception=False, headers={"authorization": f"Bearer {token}"})
    assert is_refused(machine.post("/api/v1/incidents", {"title": "x"}, content_type=JSON))
    assert is_refused(
        browser.post("/incidents/declare", {"title": "x", "severity": "sev3", "incident_type": "other"})
    )
    assert is_refused(browser.post("/settings/workspace", {"name": "x", "time_zone": "UTC"}))


def test_sign_in_returns_unavailable(made):
    outsider = Client(raise_request_exception=False)
    assert is_refused(outsider.post("/sign-in", {"login": "dana", "password": "twelve blue lanterns"}))
    assert is_refused(outsider.post(f"/sign-in/once/{'x' * 43}"))


def test_webhook_returns_unavailable(made):
    _, _, key = made
    sender = Client(raise_request_exception=False)
    alert = {
        "status": "firing",
        "labels": {"alertname": "A"},
        "startsAt": "2026-11-01T00:00:00Z",
        "fingerprint": "a",
    }
    body = json.dumps({"version": "4", "groupKey": "g", "status": "firing", "alerts": [alert]})
    assert is_refused(sender.post(f"/api/v1/webhooks/alertmanager/{key}", body, content_type=JSON))


def test_fault_outside_of_a_view_is_unavailable_too(made):
    browser, _, _ = made
    assert is_refused(browser.post("/sign-out"))
