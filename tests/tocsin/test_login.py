"""Personal tokens and signing a command line in by a code."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from tests.tocsin.conftest import RunTocsin

if TYPE_CHECKING:
    from accounts.models import User, Workspace


@pytest.fixture
def person(home: Workspace) -> User:
    from accounts.models import User

    return User.objects.get(username="john.doe")


@pytest.fixture
def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def start(client: Client, *scopes: str) -> dict[str, Any]:
    body = json.dumps({"host": "laptop", "scopes": scopes or ["incidents:read", "incidents:write"]})
    response = client.post("/api/v1/device/start", body, content_type="application/json")
    assert response.status_code == 201
    return dict(response.json())


def ask(device_code: str) -> Any:
    body = json.dumps({"device_code": device_code})
    return Client().post("/api/v1/device/token", body, content_type="application/json")


def approve(browser: Client, code: str, decision: str = "approve") -> Any:
    return browser.post("/device", {"code": code, "decision": decision})


def call(method: str, path: str, token: str, body: Any = None) -> Any:
    headers = {"authorization": f"Bearer {token}"}
    return Client().generic(
        method, f"/api/v1{path}", json.dumps(body or {}), content_type="application/json", headers=headers
    )


def test_login_by_code_stores_a_personal_token(
    run_tocsin: RunTocsin, server: str, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    from accounts.models import ApiToken, DeviceCode
    from accounts.tokens import device_api
    from tocsin.cli.commands import session

    monkeypatch.delenv("TOCSIN_TOKEN")
    monkeypatch.setattr(device_api, "POLL_EVERY_S", 1)
    monkeypatch.setattr(session.time, "sleep", lambda _: threading.Event().wait(0.05))

    def person() -> None:
        wait = threading.Event()
        for _ in range(100):
            if code := DeviceCode.objects.filter(approved_at=None).first():
                assert approve(browser, code.user_code).status_code == 303
                break
            wait.wait(0.05)
        connection.close()

    thread = threading.Thread(target=person)
    thread.start()
    ran = run_tocsin("login", "--scope", "incidents:read", "--scope", "incidents:write")
    thread.join()
    assert ran.code == 0, ran.err
    assert "as John Doe" in ran.err
    who = json.loads(run_tocsin("whoami", "--format", "json").out)
    assert (who["kind"], who["username"], who["role"]) == ("user", "john.doe", "responder")
    made = run_tocsin("incidents", "create", "--title", "Mine", "-q").out.strip()
    assert run_tocsin("roles", "claim", made).code == 0
    assert "John Doe" in run_tocsin("incidents", "timeline", made).out
    assert run_tocsin("logout").code == 0
    assert ApiToken.across_workspaces.get(user__isnull=False).revoked_at is not None


def test_personal_token_may_do_what_scope_and_role_both_allow(browser: Client, person: User) -> None:
    from accounts.models import Membership

    started = start(Client(), "admin")
    approve(browser, started["user_code"])
    token = ask(started["device_code"]).json()["token"]
    assert call("POST", "/incidents", token, {"title": "x"}).status_code == 201
    assert call("GET", "/tokens", token).status_code == 403  # the scope would do, a responder may not
    Membership.across_workspaces.filter(user=person).update(role="viewer")
    assert call("POST", "/incidents", token, {"title": "x"}).status_code == 403
    Membership.across_workspaces.filter(user=person).delete()
    assert call("GET", "/incidents", token).status_code == 401


def test_code_gives_one_token_and_only_when_approved(browser: Client) -> None:
    started = start(Client())
    assert ask(started["device_code"]).json() == {"token": None}
    page = browser.get("/device", {"code": started["user_code"].lower().replace("-", " ")})
    assert b"laptop" in page.content
    approve(browser, started["user_code"])
    assert ask(started["device_code"]).json()["token"].startswith("tcs_")
    assert ask(started["device_code"]).status_code == 409
    denied = start(Client())
    approve(browser, denied["user_code"], "deny")
    assert ask(denied["device_code"]).json()["code"] == "device_denied"
    assert approve(browser, "WDJB-MJHT").status_code == 404
    assert Client().get("/device").status_code == 303


def test_expired_code_is_refused(browser: Client) -> None:
    from accounts.models import DeviceCode

    started = start(Client())
    DeviceCode.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert approve(browser, started["user_code"]).status_code == 404
    assert ask(started["device_code"]).status_code == 404
