"""The documentation, the schema, and the headers of every response."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from config.api import api as tocsin_api

pytestmark = pytest.mark.django_db


@pytest.fixture
def schema(client) -> dict:
    response = client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    return response.json()


def operations(schema: dict) -> list[tuple[str, str, dict]]:
    return [(p, m, op) for p, methods in schema["paths"].items() for m, op in methods.items()]


def test_schema_is_openapi_3_1_and_names_every_operation(schema):
    assert schema["openapi"].startswith("3.1")
    assert {("/api/v1/incidents", "get"), ("/api/v1/events", "post"), ("/api/v1/rules", "get")} <= {
        (path, method) for path, method, _ in operations(schema)
    }


def test_every_operation_has_a_description_and_documented_errors(schema):
    for path, method, operation in operations(schema):
        assert operation.get("summary"), (path, method)
        # A webhook is authenticated by the key in its address, and a sign-in has not begun.
        is_open = path.startswith(("/api/v1/webhooks/", "/api/v1/device/"))
        assert bool(operation["security"]) != is_open, (path, method)


def test_operation_ids_are_unique(schema):
    ids = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(ids) == len(set(ids))


def test_docs_page_has_no_inline_script_or_style_and_no_external_request(client):
    page = client.get("/docs").content.decode()
    scripts = re.findall(r"<script(?![^>]*application/json)([^>]*)>(.*?)</script>", page, re.S)
    assert scripts
    assert all("src=" in attributes and not body.strip() for attributes, body in scripts)
    assert "<style" not in page
    assert not re.search(r'(src|href)="(?!/)', page)
    assert "http://" not in page
    assert "https://" not in page


def test_everything_the_docs_page_loads_is_served_here(client):
    page = client.get("/docs").content.decode()
    paths = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert len(paths) >= 3
    assert [path for path in paths if finders.find(path) is None] == []


def test_docs_page_sends_the_csrf_token_with_its_requests(client):
    page = client.get("/docs")
    assert settings.CSRF_COOKIE_NAME in page.cookies
    assert re.search(r'data-csrf-token="[A-Za-z0-9]{64}"', page.content.decode())


def test_every_response_has_an_id_and_security_headers(client):
    for path in ("/sign-in", "/api/v1/incidents", "/docs", "/nothing"):
        response = client.get(path)
        assert response["X-Request-ID"]
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert "unsafe" not in response["Content-Security-Policy"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in response["Permissions-Policy"]
        assert response["X-Frame-Options"] == "DENY"


def test_signed_in_responses_are_in_no_shared_cache(client):
    assert "private" in client.get("/api/v1/incidents")["Cache-Control"]


@pytest.mark.parametrize("path", ["/nothing", "/sign-in/nowhere"])
def test_unknown_page_is_a_page_and_an_unknown_api_address_is_a_problem(client, path):
    assert client.get(path)["Content-Type"].startswith("text/html")
    assert client.get(f"/api/v1{path}")["Content-Type"] == "application/problem+json"


def test_unknown_host_is_refused(client):
    response = client.get("/api/v1/me", headers={"host": "evil.example"})
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_operations_require_authentication_except_keyed_webhooks_and_sign_in():
    assert tocsin_api.auth
    open_ones = [
        operation.path
        for bound in tocsin_api._get_bound_routers()
        for view in bound.path_operations.values()
        for operation in view.operations
        if not operation.auth_callbacks
    ]
    assert set(open_ones) == {"/{format_name}/{source_key}", "/device/start", "/device/token"}


@pytest.mark.parametrize(
    "path", ["/sign-in", "/settings/members", "/account/password", "/api/v1/me", "/admin/"]
)
def test_pages_about_people_and_credentials_are_not_cached_by_a_browser(client, path):
    assert "no-store" in client.get(path)["Cache-Control"]


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/incidents", "/livez"])
def test_no_response_allows_other_origins(client, path):
    for method in ("get", "options"):
        response = getattr(client, method)(path, headers={"origin": "https://evil.example"})
        assert [name for name in response.headers if name.lower().startswith("access-control-")] == []


@pytest.mark.parametrize("path", ["/static/", "/static/js/", "/.git/config", "/static/../config/settings.py"])
def test_no_folder_is_listed_and_nothing_is_echoed(client, path):
    assert client.get(path).status_code == 404
    response = client.generic("TRACE", path, headers={"x-probe": "said-by-the-caller"})
    assert b"said-by-the-caller" not in response.content
