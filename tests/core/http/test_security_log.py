"""The security log: one line per accepted or refused sign-in, without what was typed, and never a flood."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.sign_in.services import mint_sign_in_link
from core.http import security_log
from core.http.security_log import Budget

pytestmark = pytest.mark.django_db
GOOD = "correct horse battery"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`lines()`: the security events so far, oldest first."""
    monkeypatch.setattr(security_log, "_budget", Budget())
    caplog.set_level(logging.INFO, logger="tocsin.security")

    def logged() -> list[dict[str, Any]]:
        records = [record for record in caplog.records if record.name == "tocsin.security"]
        return [dict(record.msg) if isinstance(record.msg, dict) else vars(record) for record in records]

    return logged


@pytest.fixture
def dana(make_user):
    return make_user("dana", password=GOOD)


def kinds(lines: Any) -> list[tuple[str, Any]]:
    return [(line["event"], line.get("user")) for line in lines()]


def test_each_way_in_leaves_a_line_with_who_and_from_where(lines, dana):
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.post("/sign-in", {"login": "dana", "password": "wrong"})
    client.post("/sign-in", {"login": "hunter2", "password": "wrong"})
    client.post("/sign-in", {"login": "dana", "password": GOOD})
    client.post("/sign-out")
    client.post(f"/sign-in/once/{mint_sign_in_link(dana, now=timezone.now())}")
    client.post("/sign-in/once/" + "x" * 43)
    assert kinds(lines) == [
        ("sign_in.refused", dana.pk), ("sign_in.refused", None), ("sign_in.done", dana.pk),
        ("sign_in.ended", dana.pk), ("sign_in.done", dana.pk), ("sign_in.refused", None),
    ]  # fmt: skip
    assert {line["address"] for line in lines()} == {"203.0.113.9"}
    assert all(line["request_id"] for line in lines())
    assert "hunter2" not in str(lines()), "half of the names that cannot sign in are passwords"


def test_too_many_attempts_are_logged_separately(lines, dana):
    for _ in range(6):
        Client().post("/sign-in", {"login": "dana", "password": "wrong"})
    assert [event for event, _ in kinds(lines)] == ["sign_in.refused"] * 5 + ["sign_in.limited"]


def test_refused_user_is_logged_with_the_requested_address(lines, workspace, make_actor):
    from tests.web.signed_in import browser_for

    viewer = make_actor("viewer")
    browser_for(viewer).get("/settings/audit")
    Client().get("/api/v1/incidents", headers={"authorization": "Bearer nonsense"})
    Client().post("/api/v1/webhooks/alertmanager/" + "k" * 32, "{}", content_type="application/json")
    assert [(line["status"], line["user"], line["path"]) for line in lines()] == [
        (403, viewer.user_id, "/settings/audit"),
        (401, None, "/api/v1/incidents"),
        (404, None, "/api/v1/webhooks/alertmanager/" + "k" * 32),
    ]


def test_key_in_an_address_is_masked_on_the_way_out(capsys):
    path = "/api/v1/webhooks/grafana/" + "k" * 32
    [written] = _written(capsys, lambda: security_log.note("request.refused", path=path, machine=7))
    line = json.loads(written)
    assert line["path"] == "/api/v1/webhooks/grafana/[redacted]"
    assert (line["event"], line["machine"], line["level"]) == ("request.refused", 7, "warning")
    assert line["timestamp"].endswith("Z"), "UTC"


def test_flood_is_counted_and_not_logged(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(security_log.time, "monotonic", lambda: now[0])
    budget = Budget(most=2, window_s=10)
    assert [budget.take() for _ in range(5)] == [0, 0, None, None, None]
    now[0] += 10
    assert [budget.take(), budget.take()] == [3, 0]


def _written(capsys, work) -> list[str]:
    """The lines that production would write while `work` runs."""
    from config.runtime.logging import logging_settings

    saved = logging.root.handlers[:], logging.root.level
    try:
        logging.config.dictConfig(logging_settings("INFO", json=True))
        work()
        return capsys.readouterr().err.strip().splitlines()
    finally:
        logging.root.handlers[:], logging.root.level = saved


def test_request_cannot_inject_a_log_line(capsys):
    forged = 'x\n{"event": "sign_in.done", "user": 1}\r\n'
    [line] = _written(capsys, lambda: security_log.note("request.refused", path=forged))
    assert json.loads(line)["path"] == forged


def test_unexpected_error_is_logged_with_its_traceback(capsys, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the reason")

    monkeypatch.setattr("core.health.checks.examine", broken)
    lines = _written(capsys, lambda: Client(raise_request_exception=False).get("/readyz"))
    found = [json.loads(line) for line in lines if "the reason" in line]
    assert found
    assert found[0]["level"] == "error"
