"""PostgreSQL is stopped: readers get the last status page, also after a restart of the web server."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import requests

from config.paths import ROOT
from tests.faults.running import Wired

pytestmark = [
    pytest.mark.faults, pytest.mark.whole, pytest.mark.xdist_group("faults"), pytest.mark.timeout(600),
]  # fmt: skip
PAGE = "/status/outside"
TITLE = "Checkout is slow"
ISSUE = """
import django; django.setup()
from accounts.actor import system_actor
from accounts.models import Workspace
from accounts.tokens.services import issue_token
scopes = ["admin", "incidents:read", "incidents:write"]
print(issue_token(system_actor(Workspace.objects.get().pk), name="Faults", scopes=scopes).text)
"""
SHOWN_WITHIN_S = 60.0  # a machine that is busy; the bounds of each step are in tests/status/test_freshness.py


@pytest.fixture(scope="module")
def tocsin(wired: Wired) -> Wired:
    return wired


@pytest.fixture(scope="module")
def token(tocsin: Wired) -> str:
    """Of an admin; the open local mode may not create a status page."""
    command = [sys.executable, "-c", ISSUE]
    found = subprocess.run(command, cwd=ROOT, env=tocsin.environment, capture_output=True, check=True)
    return found.stdout.decode().split()[-1]


def _call(tocsin: Wired, token: str, method: str, path: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    found = requests.request(method, f"{tocsin.url}/api/v1{path}", headers=headers, json=body, timeout=30)
    assert found.ok, found.text
    return found.json() if found.content else None


def _read(tocsin: Wired, form: str = "") -> tuple[int, str]:
    try:
        found = requests.get(f"{tocsin.url}{PAGE}{form}", timeout=30)
    except requests.RequestException as error:
        return 0, str(error)
    return found.status_code, found.text


def _shows(tocsin: Wired, words: str, form: str = "") -> bool:
    status, text = _read(tocsin, form)
    return status == 200 and words in text


def test_last_page_is_served_while_postgresql_is_stopped(tocsin: Wired, token: str) -> None:
    _call(tocsin, token, "PUT", "/status-page", {"title": "Outside", "slug": "outside"})
    _call(tocsin, token, "POST", "/status-page/components", {"name": "Checkout"})
    number = _call(tocsin, token, "POST", "/incidents", {"title": "pg-main-2 lost", "severity": "sev2"})[
        "number"
    ]
    _call(tocsin, token, "POST", f"/incidents/{number}/status-page", {"title": TITLE})
    assert tocsin.until(lambda: _shows(tocsin, TITLE), SHOWN_WITHIN_S)

    tocsin.postgres.stop()
    assert tocsin.until(lambda: tocsin.status() not in {"ready", "degraded"}, SHOWN_WITHIN_S)
    for form in ("", "/history", "/history.atom", "/api/v2/summary.json"):
        status, text = _read(tocsin, form)
        assert (status, TITLE in text) == (200, True), (form, text[:2000])
    assert "As of" in _read(tocsin)[1]
    response = requests.post(f"{tocsin.url}{PAGE}/subscribe", data={"address": "a@example.org"}, timeout=30)
    assert response.status_code == 503

    before = {one.pid for one in tocsin.programs("web")}
    tocsin.kill("web")
    assert tocsin.until(lambda: {one.pid for one in tocsin.programs("web")} - before, SHOWN_WITHIN_S)
    assert tocsin.until(lambda: _shows(tocsin, TITLE), SHOWN_WITHIN_S), tocsin.log()[-5000:]

    tocsin.postgres.start()
    assert tocsin.until(lambda: tocsin.status() in {"ready", "degraded"}, SHOWN_WITHIN_S)
    _call(tocsin, token, "POST", f"/incidents/{number}/status-page/updates", {"message": "Half is fixed."})
    assert tocsin.until(lambda: _shows(tocsin, "Half is fixed."), SHOWN_WITHIN_S)
