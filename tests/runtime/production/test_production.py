"""Production as it is started: Django's deployment checks, cookies, and headers of all responses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.finders import get_finders

from config.paths import ROOT
from tests import servers

# In one group, so that one process starts production once for all of them.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("production")]
KEY = "0123456789abcdef" * 4
REQUESTS = {
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
    "plain api": "/api/v1/incidents",
    "plain events": "/api/v1/events",
    "plain alerts": "/v2/alerts",
    "plain page": "/sign-in",
    "forged api": "/api/v1/incidents",
    "forged events": "/api/v1/events",
}
# Calls the real application with production settings, in a process of its own: settings are read once.
CODE = """
import asyncio, json, sys
from config.asgi import application
from django.conf import settings
async def ask(kind, path):
    messages = []
    host = b"evil.example" if kind == "wrong host" else b"tocsin.example"
    proto = b"http" if kind.startswith("plain") else b"https"
    headers = [(b"host", host), (b"x-forwarded-proto", proto), (b"content-type", b"application/json")]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
             "method": "POST" if path.endswith(("/events", "/alerts")) else "GET",
             "path": path, "raw_path": path.encode(),
             "query_string": b"", "root_path": "", "headers": headers,
             "client": ("203.0.113.9" if kind.startswith("forged") else "127.0.0.1", 5),
             "server": ("127.0.0.1", 80)}
    sent = iter([{"type": "http.request", "body": b"", "more_body": False}])
    async def receive():
        for one in sent:
            return one
        await asyncio.sleep(60)
    async def send(message):
        messages.append(message)
    await application(scope, receive, send)
    start = messages[0]
    return {"status": start["status"],
            "headers": [(n.decode().lower(), v.decode()) for n, v in start["headers"]]}
async def main():
    return {kind: await ask(kind, path) for kind, path in json.loads(sys.argv[1]).items()}
mine = ("SESSION_", "CSRF_", "SECURE_", "MESSAGE_")
names = [name for name in dir(settings) if name.startswith(mine)]
flags = {name: getattr(settings, name) for name in names}
print(json.dumps({"responses": asyncio.run(main()), "flags": flags}, default=str))
"""


def _run(*argv: str) -> subprocess.CompletedProcess[str]:
    wanted = {
        "TOCSIN_ENV": "production",
        "SECRET_KEY": KEY,
        "ALLOWED_HOSTS": "tocsin.example",
        "BASE_URL": "https://tocsin.example",
        "TRUSTED_PROXIES": "127.0.0.1",
        "TOCSIN_DATA_DIR": os.environ["TOCSIN_DATA_DIR"],
        "DJANGO_SETTINGS_MODULE": "config.settings",
        # The tests' own tables are in another database than the one named at the start.
        "DATABASE_URL": servers.database_url(),
    }
    env = os.environ | wanted
    return subprocess.run([sys.executable, *argv], cwd=ROOT, env=env, capture_output=True, text=True)


@cache
def production_report() -> dict[str, Any]:
    """The responses of production, and its flags."""
    static = f"{os.environ['TOCSIN_DATA_DIR']}/static"
    os.makedirs(f"{static}/js", exist_ok=True)
    with open(f"{static}/js/app.js", "w") as file:
        file.write("// hello")
    with open(f"{static}/staticfiles.json", "w") as file:
        json.dump({"version": "1.1", "hash": "", "paths": _static_names()}, file)
    ran = _run("-c", CODE, json.dumps(REQUESTS))
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _static_names() -> dict[str, str]:
    """Every file there is and every one the templates name, as if it had been collected."""
    listed = {name for finder in get_finders() for name, _ in finder.list([])}
    for template in (ROOT / "templates").rglob("*.html"):
        listed |= set(re.findall(r"""{% static ['"]([^'"]+)""", template.read_text()))
    return {name: name for name in listed}


def test_django_deployment_check_finds_nothing() -> None:
    ran = _run("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stdout + ran.stderr


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_kind_of_response_has_security_headers(kind: str) -> None:
    response = production_report()["responses"][kind]
    headers = dict(response["headers"])
    assert response["status"] != 500, response
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "server" not in headers
    assert [name for name in headers if name.startswith("access-control-")] == []
    if kind != "static":
        assert headers["x-frame-options"] == "DENY"
        for directive in ("default-src", "object-src", "base-uri", "frame-ancestors"):
            assert f"{directive} 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "no-" in headers["cache-control"], "no signed-in response is in a shared cache"


def test_cookies_travel_encrypted_only() -> None:
    flags = production_report()["flags"]
    assert flags["SESSION_COOKIE_SECURE"] is flags["CSRF_COOKIE_SECURE"] is True
    assert flags["SESSION_COOKIE_HTTPONLY"] is True
    assert flags["SESSION_COOKIE_SAMESITE"] == flags["CSRF_COOKIE_SAMESITE"] == "Lax"
    cookies = [v for n, v in production_report()["responses"]["page"]["headers"] if n == "set-cookie"]
    assert cookies
    assert all("Secure" in cookie for cookie in cookies)


def test_no_sibling_host_can_set_the_session_cookie() -> None:
    flags = production_report()["flags"]
    names = {flags[f"{kind}_COOKIE_NAME"] for kind in ("SESSION", "CSRF", "MESSAGE")}
    assert len(names) == 3
    assert all(name.startswith("__Host-") for name in names)
    for cookie in (v for n, v in production_report()["responses"]["page"]["headers"] if n == "set-cookie"):
        # Otherwise a browser would not take it under such a name at all.
        assert cookie.startswith("__Host-")
        assert "Path=/" in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize("kind", ["plain api", "plain events", "plain alerts", "forged api", "forged events"])
def test_plain_http_api_requests_are_refused_without_a_redirect(kind: str) -> None:
    response = production_report()["responses"][kind]
    assert response["status"] == 403
    assert "location" not in dict(response["headers"])


def test_plain_http_page_requests_are_redirected_to_tls() -> None:
    response = production_report()["responses"]["plain page"]
    assert (response["status"], dict(response["headers"])["location"]) == (
        301,
        "https://tocsin.example/sign-in",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("ALLOWED_HOSTS", "*"),
        ("TOCSIN_OPEN_LOOPBACK", "true"),
        ("TRUSTED_PROXIES", "everybody"),
        ("DATABASE_URL", "postgresql://tocsin:x7@db.example/tocsin"),
        ("DATABASE_URL", "postgresql://tocsin:x7@db.example/tocsin?sslmode=require"),
        ("DATABASE_URL", "postgresql://tocsin:x7@localhost/tocsin?host=db.example"),
        ("DATABASE_URL", "postgresql://postgres:postgres@localhost/tocsin"),
        ("REDIS_URL", "redis://cache.example/0"),
        ("REDIS_URL", "rediss://cache.example/0?ssl_cert_reqs=none"),
        ("S3_ENDPOINT_URL", "http://files.example"),
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://tocsin:x7@db.example/tocsin?sslmode=verify-full"),
        ("DATABASE_URL", "postgresql://tocsin:x7@127.0.0.1:5433/tocsin"),
        ("REDIS_URL", "rediss://:x7@cache.example/0"),
        ("S3_ENDPOINT_URL", "https://files.example"),
    ],
)
def test_production_reaches_other_machines_over_verified_tls_and_this_one_as_it_likes(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config.environment import Environment

    for key, good in (("TOCSIN_ENV", "production"), ("SECRET_KEY", KEY), ("ALLOWED_HOSTS", "a.example")):
        monkeypatch.setenv(key, good)
    monkeypatch.setenv(name, value)
    assert str(getattr(Environment(), name.lower())).startswith(value[:20])


def test_trusted_network_has_to_be_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    from config.environment import Environment

    for key, good in (("TOCSIN_ENV", "production"), ("SECRET_KEY", KEY), ("ALLOWED_HOSTS", "a.example")):
        monkeypatch.setenv(key, good)
    monkeypatch.setenv("DATABASE_URL", "postgresql://tocsin:x7@db.example/tocsin")
    monkeypatch.setenv("PLAIN_CONNECTIONS", "true")
    assert Environment().plain_connections


def test_secrets_may_come_as_files_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from config.environment import Environment

    (tmp_path / "METRICS_TOKEN").write_text("from a file\n")
    (tmp_path / "s3_secret_key").write_text("from a file")
    monkeypatch.setenv("TOCSIN_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("S3_SECRET_KEY", "from outside")
    found = Environment()
    assert found.metrics_token.get_secret_value() == "from a file"
    assert found.s3_secret_key.get_secret_value() == "from outside"
