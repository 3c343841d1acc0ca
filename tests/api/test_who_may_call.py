"""Authentication of the API: tokens, sessions and workspaces."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from accounts.models import Membership
from accounts.tokens.services import revoke_token
from tests.api.client import ApiClient

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "token_missing"),
        ({"authorization": "Bearer nonsense"}, "token_unknown"),
        ({"authorization": "Bearer tcs_aaaaaaaa_" + "a" * 40}, "token_unknown"),
        ({"authorization": "Basic eDp5"}, "token_unknown"),
        ({"x-api-key": "nonsense"}, "token_unknown"),
        ({"authorization": "Bearer \u00e9"}, "token_unknown"),
    ],
)
def test_missing_or_wrong_token_is_refused_with_its_own_code(headers, code):
    response = Client().get("/api/v1/incidents", headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, code)
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_token_goes_in_either_header(workspace, token_for):
    text = token_for(workspace)
    for headers in ({"x-api-key": text}, {"authorization": f"Bearer {text}"}):
        assert Client().get("/api/v1/me", headers=headers).status_code == 200


def test_revoked_token_is_refused_at_once(workspace, token_for, admin):
    from accounts.models import ApiToken

    api = ApiClient(token_for(workspace))
    assert api.get("/me").status_code == 200
    revoke_token(admin, token_id=ApiToken.objects.of(workspace.pk).get().pk)
    response = api.get("/me")
    assert (response.status_code, response.json()["code"]) == (401, "token_revoked")


@pytest.mark.parametrize(
    ("scope", "method", "path", "body", "allowed"),
    [
        ("incidents:read", "GET", "/incidents", None, True),
        ("incidents:read", "POST", "/incidents", {"title": "x"}, False),
        ("incidents:write", "POST", "/incidents", {"title": "x"}, True),
        ("incidents:write", "GET", "/incidents", None, False),
        ("events:write", "GET", "/incidents", None, False),
        ("events:write", "POST", "/incidents", {"title": "x"}, False),
        ("incidents:write", "GET", "/tokens", None, False),
        ("incidents:write", "GET", "/audit", None, False),
        ("admin", "GET", "/tokens", None, True),
        ("admin", "POST", "/incidents", {"title": "x"}, True),
    ],
)
def test_scope_allows_its_operations_and_no_other(workspace, token_for, scope, method, path, body, allowed):
    response = ApiClient(token_for(workspace, scope)).send(method, path, body)
    assert (response.status_code < 300) is allowed
    if not allowed:
        assert response.status_code == 403
        assert "scope" in response.json()["detail"]


def test_incident_of_another_workspace_returns_the_same_404_as_a_missing_one(api, foreign_api):
    api.post("/incidents", {"title": "Ours"})
    foreign_api.post("/incidents", {"title": "Theirs"})
    foreign_api.post("/incidents", {"title": "Theirs too"})
    there, nowhere = api.get("/incidents/2"), api.get("/incidents/3")
    assert there.status_code == nowhere.status_code == 404
    blank = {"request_id": "", "instance": ""}
    shown = json.dumps(there.json() | blank).replace("2", "N")
    assert shown == json.dumps(nowhere.json() | blank).replace("3", "N")
    assert [item["title"] for item in api.get("/incidents").json()] == ["Ours"]


def test_another_workspaces_token_is_neither_seen_nor_revoked(api, foreign_api, other_workspace):
    from accounts.models import ApiToken

    foreign = ApiToken.objects.of(other_workspace.pk).get()
    assert foreign.pk not in {token["id"] for token in api.get("/tokens").json()}
    assert api.delete(f"/tokens/{foreign.pk}").status_code == 404
    assert foreign_api.get("/me").status_code == 200


@pytest.fixture
def page(make_user, workspace):
    """A signed-in responder's browser that checks CSRF, and its proof."""
    user = make_user("dana")
    Membership.objects.create(workspace_id=workspace.pk, user=user, role="responder")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    browser.get("/docs")
    from django.conf import settings

    return browser, browser.cookies[settings.CSRF_COOKIE_NAME].value


def declare(browser, **headers):
    body = json.dumps({"title": "From a page"})
    return browser.post("/api/v1/incidents", body, content_type="application/json", headers=headers)


def test_session_reads_without_proof_and_writes_only_with_it(page):
    browser, proof = page
    assert browser.get("/api/v1/incidents").status_code == 200
    refused = declare(browser)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    made = declare(browser, x_csrftoken=proof)
    assert made.status_code == 201, made.content


def test_form_of_another_site_cannot_use_the_session(page):
    browser, _ = page
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        body = '{"title": "forged", "x": "="}'
        response = browser.generic("POST", "/api/v1/incidents", body, content_type=kind)
        assert response.status_code == 403
    assert browser.get("/api/v1/incidents").json() == []


def test_token_needs_no_csrf_token_even_with_a_session(page, workspace, token_for):
    browser, _ = page
    assert declare(browser, authorization=f"Bearer {token_for(workspace)}").status_code == 201


def test_session_may_name_another_of_its_workspaces_but_no_foreign_one(page, other_workspace):
    from accounts.models import User

    browser, _ = page
    response = browser.get("/api/v1/me", headers={"x-workspace": "rival"})
    assert response.status_code == 404
    user = User.objects.get(username="dana")
    Membership.objects.create(workspace_id=other_workspace.pk, user=user, role="viewer")
    assert browser.get("/api/v1/me", headers={"x-workspace": "rival"}).json()["role"] == "viewer"


def test_page_of_a_switched_off_account_is_signed_out(page):
    from accounts.models import User

    browser, _ = page
    User.objects.update(is_active=False)
    assert browser.get("/api/v1/me").status_code == 401


def test_members_are_invited_promoted_and_removed_over_the_api(api, settings):
    made = api.post("/members", {"email": "new.one@example.test", "role": "viewer"})
    assert made.status_code == 201
    link = made.json()["sign_in_url"].removeprefix(settings.BASE_URL)
    assert link.startswith("/sign-in/invitation/")
    assert [one["email"] for one in api.get("/invitations").json()] == ["new.one@example.test"]
    assert Client().post(link).status_code == 302
    assert api.get("/invitations").json() == []
    assert api.patch("/members/new.one", {"role": "admin"}).json()["role"] == "admin"
    assert api.delete("/members/new.one").status_code == 409


def test_token_made_over_the_api_works_until_it_is_rotated(api):
    made = api.post("/tokens", {"name": "CI", "scopes": ["incidents:read"]}).json()
    assert ApiClient(made["token"]).get("/incidents").status_code == 200
    turned = api.post(f"/tokens/{made['id']}/rotate").json()
    assert ApiClient(made["token"]).get("/incidents").status_code == 401
    assert ApiClient(turned["token"]).get("/incidents").status_code == 200
    assert made["token"] not in api.get("/tokens").content.decode()


def test_audit_log_is_paged_newest_first(api):
    for number in range(3):
        api.post("/incidents", {"title": f"Trouble {number}"})
    first = api.get("/audit?limit=2")
    assert len(first.json()) == 2
    following = next(part for part in first["Link"].split(", ") if 'rel="next"' in part)
    second = api.get(following.split("<")[1].split(">")[0].replace("http://testserver", ""))
    ids = [entry["id"] for entry in first.json() + second.json()]
    assert ids == sorted(ids, reverse=True)
