"""Production as it is started: Django's own examination, cookies, and the headers of every kind of answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles.finders import get_finders
from django.db import connection

from config.places import ROOT

pytestmark = pytest.mark.django_db
KEY = "0123456789abcdef" * 4
ASKED = {
    "page": "/sign-in",
    "nothing": "/nothing",
    "api": "/api/v1/incidents",
    "document": "/api/v1/openapi.json",
    "docs": "/docs",
    "static": "/static/js/app.js",
    "events": "/api/v1/events",
    "stream": "/live",
    "health": "/livez",
    "wrong host": "/sign-in",
}
# Asks the real application in production's settings, in a process of its own: settings are read once.
CODE = """
import asyncio, json, sys
from config.asgi import application
from django.conf import settings
async def ask(kind, path):
    said = []
    host = b"evil.example" if kind == "wrong host" else b"tocsin.example"
    headers = [(b"host", host), (b"x-forwarded-proto", b"https"), (b"content-type", b"application/json")]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
             "method": "POST" if kind == "events" else "GET", "path": path, "raw_path": path.encode(),
             "query_string": b"", "root_path": "", "headers": headers, "client": ("127.0.0.1", 5),
             "server": ("127.0.0.1", 80)}
    sent = iter([{"type": "http.request", "body": b"", "more_body": False}])
    async def receive():
        for one in sent:
            return one
        await asyncio.sleep(60)
    async def send(message):
        said.append(message)
    await application(scope, receive, send)
    start = said[0]
    return {"status": start["status"],
            "headers": [(n.decode().lower(), v.decode()) for n, v in start["headers"]]}
async def main():
    return {kind: await ask(kind, path) for kind, path in json.loads(sys.argv[1]).items()}
names = [name for name in dir(settings) if name.startswith(("SESSION_", "CSRF_", "SECURE_"))]
flags = {name: getattr(settings, name) for name in names}
print(json.dumps({"answers": asyncio.run(main()), "flags": flags}, default=str))
"""


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    wanted = {
        "TOCSIN_ENV": "production",
        "SECRET_KEY": KEY,
        "ALLOWED_HOSTS": "tocsin.example",
        "BASE_URL": "https://tocsin.example",
        "TOCSIN_DATA_DIR": os.environ["TOCSIN_DATA_DIR"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # The tests' own tables are in a database beside the one that was named at the start.
        "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{_database()}").geturl(),
    }
    env = os.environ | wanted
    return subprocess.run([sys.executable, *argv], cwd=ROOT, env=env, capture_output=True, text=True)


@cache
def told() -> dict[str, Any]:
    """What production answers, and its flags."""
    static = f"{os.environ['TOCSIN_DATA_DIR']}/static"
    os.makedirs(f"{static}/js", exist_ok=True)
    with open(f"{static}/js/app.js", "w") as file:
        file.write("// hello")
    with open(f"{static}/staticfiles.json", "w") as file:
        json.dump({"version": "1.1", "hash": "", "paths": _static_names()}, file)
    ran = _run("-c", CODE, json.dumps(ASKED))
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _static_names() -> dict[str, str]:
    """Every file there is and every one the templates name, as if it had been collected."""
    listed = {name for finder in get_finders() for name, _ in finder.list([])}
    for template in (ROOT / "templates").rglob("*.html"):
        listed |= set(re.findall(r"""{% static ['"]([^'"]+)""", template.read_text()))
    return {name: name for name in listed}


def test_djangos_own_examination_finds_nothing() -> None:
    ran = _run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stdout + ran.stderr


@pytest.mark.parametrize("kind", ASKED)
def test_every_kind_of_answer_has_the_headers_of_a_careful_site(kind: str) -> None:
    answer = told()["answers"][kind]
    headers = dict(answer["headers"])
    assert answer["status"] != 500, answer
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "server" not in headers
    if kind != "static":
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "no-" in headers["cache-control"], "nothing signed in is kept in a shared cache"


def test_cookies_travel_encrypted_only() -> None:
    flags = told()["flags"]
    assert flags["SESSION_COOKIE_SECURE"] is flags["CSRF_COOKIE_SECURE"] is True
    assert flags["SESSION_COOKIE_HTTPONLY"] is True
    assert flags["SESSION_COOKIE_SAMESITE"] == flags["CSRF_COOKIE_SAMESITE"] == "Lax"
    cookies = [v for n, v in told()["answers"]["page"]["headers"] if n == "set-cookie"]
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("ALLOWED_HOSTS", "*"),
        ("TOCSIN_OPEN_LOOPBACK", "true"),
        ("TRUSTED_PROXIES", "everybody"),
    ],
)
def test_production_refuses_to_start_unsafely_and_names_the_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic import ValidationError

    from config.environment import Environment

    for key, good in (("TOCSIN_ENV", "production"), ("SECRET_KEY", KEY), ("ALLOWED_HOSTS", "a.example")):
        monkeypatch.setenv(key, good)
    assert Environment().tocsin_env == "production"
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        Environment()
    assert name in str(refused.value) or name.lower() in str(refused.value)
