"""Bad input at every endpoint: a 4xx problem+json that names field and rule, and nothing is changed."""

from __future__ import annotations

import json
import re

import pytest

from accounts.models import AuditEntry
from incidents.models import Incident
from tests.api.test_route_matrix import API
from tests.tables import every

pytestmark = pytest.mark.django_db

WITH_BODY = [
    ("POST", "/incidents"),
    ("PATCH", "/incidents/1"),
    ("PATCH", "/incidents/1/status"),
    ("POST", "/incidents/1/acknowledge"),
    ("POST", "/incidents/1/assign"),
    ("POST", "/incidents/1/resolve"),
    ("POST", "/incidents/1/close"),
    ("POST", "/incidents/1/reopen"),
    ("POST", "/incidents/1/notes"),
    ("POST", "/incidents/1/updates"),
    ("POST", "/incidents/1/timeline"),
    ("PUT", "/incidents/1/components/api"),
    ("POST", "/members"),
    ("PATCH", "/members/rita.responder"),
    ("POST", "/tokens"),
]
UNREADABLE = {
    "cut": b'{"title": "x"',
    "empty word": b"{title: 1}",
    "nan": b'{"title": NaN}',
    "infinity": b'{"title": -Infinity}',
    "surrogate": b'{"title": "\\ud800"}',
    "half surrogate bytes": b'{"title": "\xed\xa0\x80"}',
    "latin-1": '{"title": "é"}'.encode("latin-1"),
    "utf-16": '{"title": "x"}'.encode("utf-16"),
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "65 levels": b'{"title":' + b"[" * 65 + b"]" * 65 + b"}",
    "form": b"title=x&severity=sev1",
    "two documents": b"{} {}",
    "endless number": b'{"version": ' + b"9" * 5000 + b"}",
}
UNACCEPTABLE = {
    "nul": (b'{"title": "a\\u0000b", "message": "a\\u0000b"}', "nul"),
    "nul in a name": (b'{"\\u0000": 1}', "nul"),
    "list": (b"[]", ""),
    "text": (b'"x"', ""),
    "number": (b"1", ""),
    "unknown field": (b'{"colour": "red"}', "unknown"),
    "huge number": (b'{"version": ' + b"9" * 4000 + b"}", ""),
}


def refused(response, *statuses: int) -> dict:
    assert response.status_code in statuses, (response.status_code, response.content[:300])
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["request_id"] == response["X-Request-ID"]
    return problem


@pytest.fixture
def opened(api, actor):
    """INC-1, and how many changes there were until now."""
    assert api.post("/incidents", {"title": "Checkout is down", "components": ["api"]}).status_code == 201
    return AuditEntry.across_workspaces.count()


EVERYWHERE = sorted(
    (method, re.sub(r"\{\w+\}", "1", path)) for (method, path), row in API.items() if row.body is not None
)


@pytest.mark.parametrize(("method", "path"), every(2, EVERYWHERE))
def test_body_that_is_no_json_object_is_refused_everywhere(api, opened, method, path):
    """The body or the address may be refused first; nothing is changed, and the response is a problem."""
    for body in [*UNREADABLE.values(), *(body for body, _ in UNACCEPTABLE.values())]:
        refused(api.send(method, path, raw=body), 400, 403, 404, 422)  # 403: for people only
    assert AuditEntry.across_workspaces.count() == opened


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
@pytest.mark.parametrize(("method", "path"), every(2, WITH_BODY, first=1))
def test_body_that_cannot_be_read_is_malformed(api, opened, method, path, body):
    problem = refused(api.send(method, path, raw=body), 400)
    assert problem["code"] == "malformed"
    assert AuditEntry.across_workspaces.count() == opened


@pytest.mark.parametrize(("body", "rule"), UNACCEPTABLE.values(), ids=UNACCEPTABLE.keys())
@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_body_of_the_wrong_shape_names_field_and_rule(api, opened, method, path, body, rule):
    problem = refused(api.send(method, path, raw=body), 422)
    assert problem["errors"]
    assert all(fault["field"] and fault["rule"] and fault["message"] for fault in problem["errors"])
    assert rule in {"", *(fault["rule"] for fault in problem["errors"])}
    assert AuditEntry.across_workspaces.count() == opened


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_five_megabytes_are_too_large(api, opened, method, path):
    body = b'{"title": "' + b"x" * 5_000_000 + b'"}'
    assert refused(api.send(method, path, raw=body), 413)["code"] == "too_large"


WRONG_FIELDS = [
    ("POST", "/incidents", {}, "title"),
    ("POST", "/incidents", {"title": ""}, "title"),
    ("POST", "/incidents", {"title": "   "}, "title"),
    ("POST", "/incidents", {"title": "x" * 201}, "title"),
    ("POST", "/incidents", {"title": 5}, "title"),
    ("POST", "/incidents", {"title": None}, "title"),
    ("POST", "/incidents", {"title": ["x"]}, "title"),
    ("POST", "/incidents", {"title": "two\nlines"}, "title"),
    ("POST", "/incidents", {"title": "bell \u0007"}, "title"),
    ("POST", "/incidents", {"title": "x", "severity": "sev9"}, "severity"),
    ("POST", "/incidents", {"title": "x", "severity": 1}, "severity"),
    ("POST", "/incidents", {"title": "x", "type": "meteor"}, "incident_type"),
    ("POST", "/incidents", {"title": "x", "components": [1]}, "components"),
    ("POST", "/incidents", {"title": "x", "components": [""]}, "components"),
    ("POST", "/incidents", {"title": "x", "components": ["a"] * 201}, "components"),
    ("POST", "/incidents", {"title": "x", "components": {"a": 1}}, "components"),
    ("POST", "/incidents", {"title": "x", "labels": {"a": 1}}, "labels"),
    ("POST", "/incidents", {"title": "x", "labels": {"": "a"}}, "labels"),
    ("POST", "/incidents", {"title": "x", "labels": ["a"]}, "labels"),
    ("POST", "/incidents", {"title": "x", "labels": {str(n): "" for n in range(51)}}, "labels"),
    ("POST", "/incidents", {"title": "x", "description": "x" * 20_001}, "description"),
    ("POST", "/incidents", {"title": "x", "started_at": "yesterday"}, "started_at"),
    ("POST", "/incidents", {"title": "x", "started_at": "2025-01-01T00:00:00"}, "started_at"),
    ("POST", "/incidents", {"title": "x", "started_at": "2999-01-01T00:00:00Z"}, "started_at"),
    ("POST", "/incidents", {"title": "x", "started_at": 1e300}, "started_at"),
    ("POST", "/incidents", {"title": "x", "status": "closed"}, "status"),
    ("POST", "/incidents", {"title": "x", "status": "broken"}, "status"),
    ("POST", "/incidents", {"title": "x", "assigned_to": "nobody.here"}, "username"),
    ("POST", "/incidents", {"title": "x", "is_drill": "perhaps"}, "is_drill"),
    ("PATCH", "/incidents/1", {"version": 0}, "version"),
    ("PATCH", "/incidents/1", {"version": "one"}, "version"),
    ("PATCH", "/incidents/1", {"version": 2**40}, "version"),
    ("PATCH", "/incidents/1", {"version": 1.5}, "version"),
    ("PATCH", "/incidents/1", {"title": ""}, "title"),
    ("PATCH", "/incidents/1", {"severity": "worst"}, "severity"),
    ("PATCH", "/incidents/1", {"stage": "nowhere"}, "stage"),
    ("PATCH", "/incidents/1", {"status": "closed"}, "status"),
    ("PATCH", "/incidents/1", {"assigned_to": "nobody.here"}, "username"),
    ("PATCH", "/incidents/1", {"labels": "a=b"}, "labels"),
    ("PATCH", "/incidents/1", {"impact": "x" * 20_001}, "impact"),
    ("PATCH", "/incidents/1/status", {}, "status"),
    ("PATCH", "/incidents/1/status", {"status": ""}, "status"),
    ("PATCH", "/incidents/1/status", {"status": "closed"}, "status"),
    ("PATCH", "/incidents/1/status", {"status": "resolved", "message": 5}, "message"),
    ("PATCH", "/incidents/1/status", {"status": "resolved", "public": "maybe"}, "public"),
    ("POST", "/incidents/1/close", {}, "status"),
    ("POST", "/incidents/1/assign", {"username": "nobody.here"}, "username"),
    ("POST", "/incidents/1/assign", {"username": "rita.responder", "role": "king"}, "role"),
    ("POST", "/incidents/1/notes", {}, "message"),
    ("POST", "/incidents/1/notes", {"message": ""}, "message"),
    ("POST", "/incidents/1/notes", {"message": " \n "}, "message"),
    ("POST", "/incidents/1/updates", {"message": "x" * 20_001}, "message"),
    ("POST", "/incidents/1/timeline", {}, "message"),
    ("POST", "/incidents/1/timeline", {"message": "x", "kind": "resolution"}, "kind"),
    ("POST", "/incidents/1/timeline", {"message": "x", "public": True}, "public"),
    ("POST", "/incidents/1/timeline", {"message": "x", "occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
    ("POST", "/incidents/1/timeline", {"message": "x", "occurred_at": "2999-01-01T00:00:00Z"}, "occurred_at"),
    (
        "POST",
        "/incidents/1/timeline",
        {"message": "x", "kind": "update", "occurred_at": "2026-01-01T00:00:00Z"},
        "occurred_at",
    ),
    ("PATCH", "/incidents/1/timeline/1", {}, "occurred_at"),
    ("PATCH", "/incidents/1/timeline/1", {"occurred_at": "soon"}, "occurred_at"),
    ("PATCH", "/incidents/1/timeline/one", {"occurred_at": "2026-01-01T00:00:00Z"}, "entry_id"),
    ("PUT", "/incidents/1/timeline/0/pin", None, "entry_id"),
    ("PUT", "/incidents/1/timeline/99999999999999999999/pin", None, "entry_id"),
    ("PUT", "/incidents/1/related/1", None, "other"),
    ("PUT", "/incidents/1/related/nothing", None, "incident"),
    ("GET", "/incidents/1/activity?source=rumour", None, "source"),
    ("GET", "/incidents/1/activity?cursor=x", None, "cursor"),
    ("GET", "/incidents/1/related?deep=1", None, "deep"),
    ("GET", "/incidents/1/roles?all=1", None, "all"),
    ("GET", "/incidents/1/events?level=loud", None, "level"),
    ("GET", "/incidents/1/events?cursor=x", None, "cursor"),
    ("GET", "/incidents/1/events?limit=0", None, "limit"),
    ("GET", "/incidents/1/events?colour=red", None, "colour"),
    ("PUT", "/incidents/1/components/api", {"impact": "odd"}, "impact"),
    ("PUT", "/incidents/1/components/%00", {"impact": "degraded"}, "name"),
    ("POST", "/members", {"email": "not an address"}, "email"),
    ("POST", "/members", {"email": "a@b.example", "role": "owner"}, "role"),
    ("POST", "/members", {"email": "a@b.example", "username": "no spaces"}, "username"),
    ("POST", "/members", {"email": "a@b.example", "username": "rita.responder"}, "username"),
    ("PATCH", "/members/rita.responder", {"role": "king"}, "role"),
    ("POST", "/tokens", {"name": "x"}, "scopes"),
    ("POST", "/tokens", {"name": "x", "scopes": []}, "scopes"),
    ("POST", "/tokens", {"name": "x", "scopes": ["everything"]}, "scopes"),
    ("POST", "/tokens", {"name": "", "scopes": ["admin"]}, "name"),
    (
        "POST",
        "/tokens",
        {"name": "x", "scopes": ["admin"], "expires_at": "2020-01-01T00:00:00Z"},
        "expires_at",
    ),
    (
        "POST",
        "/tokens",
        {"name": "x", "scopes": ["admin"], "expires_at": "2999-01-01T00:00:00"},
        "expires_at",
    ),
    ("GET", "/incidents?limit=0", None, "limit"),
    ("GET", "/incidents?limit=201", None, "limit"),
    ("GET", "/incidents?limit=many", None, "limit"),
    ("GET", "/incidents?cursor=nonsense", None, "cursor"),
    ("GET", "/incidents?status=broken", None, "status"),
    ("GET", "/incidents?severity=worst", None, "severity"),
    ("GET", "/incidents?stage=nowhere", None, "stage"),
    ("GET", "/incidents?type=meteor", None, "type"),
    ("GET", "/incidents?since=soon", None, "since"),
    ("GET", "/incidents?since=999999w", None, "since"),
    ("GET", "/incidents?until=2025-13-01", None, "until"),
    ("GET", "/incidents?label=novalue", None, "label"),
    ("GET", "/incidents?search=%00", None, "search"),
    ("GET", "/incidents?colour=red", None, "colour"),
    ("GET", "/incidents/1/timeline?kind=gossip", None, "kind"),
    ("GET", "/incidents/1/timeline?limit=-1", None, "limit"),
    ("GET", "/incidents/one", None, "incident"),
    ("GET", "/incidents/1.5", None, "incident"),
    ("GET", "/incidents/-1", None, "incident"),
    ("GET", "/incidents/%00", None, "reference"),
    ("GET", "/incidents?cursor=MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMCAx", None, "cursor"),
    ("GET", "/incidents?label=team%3Da%00b", None, "label"),
    ("GET", "/incidents?component=" + ",".join(["x"] * 51), None, "component"),
    ("PATCH", "/members/a%00b", {"role": "viewer"}, "username"),
    ("DELETE", "/members/a%00b", None, "username"),
    ("POST", "/incidents", {"title": "x", "started_at": "0001-01-01T00:00:00+14:00"}, "started_at"),
    (
        "POST",
        "/tokens",
        {"name": "x", "scopes": ["admin"], "expires_at": "9999-12-31T23:59:59-14:00"},
        "expires_at",
    ),
    ("GET", "/incidents/" + "1" * 61, None, "reference"),
    ("GET", "/audit?cursor=x", None, "cursor"),
    ("GET", "/audit?limit=1000", None, "limit"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), WRONG_FIELDS)
def test_wrong_value_names_its_field(api, opened, method, path, body, field):
    raw = b"" if body is None else json.dumps(body).encode()
    problem = refused(api.send(method, path, raw=raw), 422)
    named = [fault["field"] for fault in problem["errors"]]
    assert any(name.split(".")[0].split("[")[0] == field for name in named), problem
    assert Incident.across_workspaces.count() == 1
    assert AuditEntry.across_workspaces.count() == opened


NOT_THERE = [
    ("GET", "/incidents/2"),
    ("GET", "/incidents/INC-999999999"),
    ("GET", "/incidents/99999999999999999999"),
    ("GET", "/incidents/0"),
    ("GET", "/incidents/2/timeline"),
    ("GET", "/incidents/2/activity"),
    ("GET", "/incidents/2/related"),
    ("PUT", "/incidents/1/related/2"),
    ("DELETE", "/incidents/1/related/2"),
    ("PUT", "/incidents/1/timeline/999999999/pin"),
    ("DELETE", "/incidents/1/timeline/999999999/pin"),
    ("PATCH", "/incidents/2"),
    ("POST", "/incidents/2/acknowledge"),
    ("DELETE", "/incidents/1/components/unknown"),
    ("PATCH", "/members/nobody"),
    ("DELETE", "/members/nobody"),
    ("DELETE", "/tokens/999999"),
    ("POST", "/tokens/999999/rotate"),
    ("GET", "/nothing"),
    ("GET", "/incidents/1/nothing"),
    ("GET", "/api/v2/incidents"),
    ("GET", "/api/"),
    ("GET", "/"),
]


@pytest.mark.parametrize(("method", "path"), NOT_THERE)
def test_missing_object_returns_404(api, opened, method, path):
    body = {"role": "viewer"} if "members" in path else {}
    response = api.send(method, path, body if method in {"PATCH", "POST"} else None)
    assert refused(response, 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/incidents"), ("PUT", "/incidents/1"), ("GET", "/incidents/1/resolve"), ("POST", "/me")],
)
def test_wrong_method_returns_405_with_the_allowed_ones(api, opened, method, path):
    response = api.send(method, path, {})
    assert refused(response, 405)["code"] == "method_not_allowed"
    assert response["Allow"]


def test_unexpected_error_returns_500_without_internals(api, opened, monkeypatch, caplog):
    def broken(*_args, **_more):
        raise RuntimeError("secret internals")

    monkeypatch.setattr("incidents.lifecycle.api.incidents_page", broken)
    response = api.get("/incidents")
    problem = refused(response, 500)
    assert b"secret internals" not in response.content
    assert problem["request_id"]


def test_unavailable_database_returns_503_with_retry_after(api, opened, monkeypatch):
    from django.db import OperationalError

    def broken(*_args, **_more):
        raise OperationalError("connection refused: host=10.0.0.1")

    monkeypatch.setattr("incidents.lifecycle.api.incidents_page", broken)
    response = api.get("/incidents")
    assert refused(response, 503)["code"] == "unavailable"
    assert response["Retry-After"] == "5"
    assert b"10.0.0.1" not in response.content


@pytest.mark.parametrize("header", ["nonsense", '"a"', '"1", "2"', "W/x"])
def test_if_match_that_is_no_version_is_named(api, opened, header):
    response = api.patch("/incidents/1", {"title": "Other"}, if_match=header)
    assert refused(response, 422)["errors"][0]["field"] == "If-Match"


@pytest.mark.parametrize("given", ["x", "a b c d e f g h", "x" * 100, "id<script>alert(1)", "é" * 10])
def test_odd_request_id_is_replaced(api, opened, given):
    response = api.get("/me", x_request_id=given)
    assert response["X-Request-ID"] != given
    assert len(response["X-Request-ID"]) == 32


def test_sane_request_id_is_taken_over_into_the_audit_log(api, opened):
    api.patch("/incidents/1", {"title": "Other"}, x_request_id="trace-12345678")
    assert AuditEntry.across_workspaces.latest("id").request_id == "trace-12345678"
