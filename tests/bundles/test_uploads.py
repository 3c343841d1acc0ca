"""Uploads of bundles by both endpoints, to the real storage: once, whole, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import socket
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import pytest
from django.utils import timezone

from accounts.actor import system_actor
from accounts.models import Scope
from accounts.tokens.services import issue_token
from bundles.inspection.models import Inspection
from bundles.models import Bundle, BundleAccess
from bundles.queues import INSPECTION
from bundles.records.expiry import expire_due, purge_removed
from bundles.uploads import announcing
from bundles.uploads.completing import complete_lost
from bundles.uploads.tickets import may_reach_storage
from core.queue.items import claim
from core.queue.runner import run_due
from incidents.correlation.services.opening import declare_incident
from incidents.models import Incident, TimelineEntry
from tests.api.client import ApiClient
from tests.bundles.test_inspection import bundle, written

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("s3")]
SYSTEM = json.dumps({
    "hostname": "db-7", "kernel": "6.1", "cpus": 2, "load": [0.5, 0.25],
    "disks": [{"mount": "/", "used_percent": 75.3, "free_mb": 10, "total_mb": 40}, {"mount": "/srv"}],
}).encode()  # fmt: skip
HEALTH = b'{"overall": "degraded", "checks": [{"name": "keycloak", "ok": false, "message": "no answer"}]}'


def made(
    log: bytes = b"INFO started\nERROR broken\n", system: bytes = SYSTEM, after: bytes = b"", **metadata: Any
) -> tuple[dict[str, Any], bytes]:
    """An announcement and the bytes of its bundle."""
    own = str(uuid.uuid4())
    manifest = {
        "bundle_id": own,
        "os": "linux",
        "created_at": "2026-01-28T12:00:00Z",
        "format": 1,
        **metadata,
    }
    inner = [("health.json", HEALTH), ("system_info.json", system), ("logs/app.log", log)]
    inner += [("logs/b.log", after)] if after else []
    data = written(bundle(inner, json.dumps(manifest).encode()))
    announcement = {
        "bundle_id": own, "file_name": "incident-20260128-120000.zip", "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(), "summary": "Services not starting", "metadata": manifest,
    }  # fmt: skip
    return announcement, data


def token(workspace: Any, *scopes: str) -> ApiClient:
    return ApiClient(issue_token(system_actor(workspace.pk), name=f"Host {scopes}", scopes=list(scopes)).text)


@pytest.fixture
def api(workspace, storage):
    return token(workspace, Scope.BUNDLES_WRITE, Scope.INCIDENTS_READ)


def put(ticket: dict[str, Any], data: bytes, base: str, **other: str) -> tuple[int, str]:
    """Send the ticket's request, with `other` headers replacing its own ("" leaves one out)."""
    address = urlsplit(urljoin(base, ticket["url"]))
    headers = {**ticket["headers"], **{name.replace("_", "-"): value for name, value in other.items()}}
    return _send(address, ticket["method"], data, {k: v for k, v in headers.items() if v})


def _send(address: SplitResult, method: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
    """Status and text. A server that refuses may close while the body is still sent: then once more."""
    for _ in range(5):
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        try:
            target, is_chunked = f"{address.path}?{address.query}", not isinstance(body, bytes)
            with contextlib.suppress(BrokenPipeError):  # the response may be there all the same
                connection.request(method, target, body, headers, encode_chunked=is_chunked)
            with contextlib.closing(http.client.HTTPResponse(connection.sock, method=method)) as response:
                response.begin()
                return response.status, response.read(5_000).decode("utf-8", "replace")
        except (ConnectionResetError, http.client.BadStatusLine):
            continue
        finally:
            connection.close()
    return 0, ""


@pytest.fixture(params=["presigned", "own"])
def endpoint(request, api, web_url):
    """`announce(announcement)` -> ticket, for one of the two."""
    is_own = request.param == "own"

    def announce(announcement: dict[str, Any]) -> dict[str, Any]:
        host = {"host": "localhost"}
        response = api.post("/bundles", {**announcement, "direct": not is_own}, **host)
        assert response.status_code == 201, response.content
        ticket = response.json()["ticket"]
        assert ticket["url"].startswith("/api/v1/bundle-uploads/") is is_own
        return ticket

    announce.base = web_url
    return announce


def stored(storage, announcement):
    row = Bundle.across_workspaces.get(public_id=announcement["bundle_id"])
    return storage.info(row.storage_key)


def test_bundle_is_uploaded_once_completed_once_and_inspected(api, endpoint, storage):
    announcement, data = made()
    ticket = endpoint(announcement)
    early = api.post(f"/bundles/{announcement['bundle_id']}/complete", {})
    assert early.status_code == 409
    assert not Incident.across_workspaces.exists()
    assert put(ticket, data, endpoint.base)[0] == 200
    assert put(ticket, data, endpoint.base)[0] == 412
    assert stored(storage, announcement).sha256 == announcement["sha256"]
    responses = [api.post(f"/bundles/{announcement['bundle_id']}/complete", {}).json() for _ in range(2)]
    assert [one["incident"] for one in responses] == ["INC-1", "INC-1"]
    incident = Incident.across_workspaces.get()
    assert (incident.title, incident.source, incident.severity) == ("Services not starting", "bundle", "sev3")
    again = api.post("/bundles", announcement)
    assert (again.status_code, again.json()["ticket"], again.json()["incident"]) == (200, None, "INC-1")
    run_due(INSPECTION, at=timezone.now())
    shown = api.get(f"/bundles/{announcement['bundle_id']}").json()
    assert (shown["status"], shown["host"], shown["health"], shown["why"]) == (
        "ready",
        "db-7",
        "degraded",
        "",
    )
    assert shown["checks"] == [{"name": "keycloak", "ok": False, "message": "no answer"}]
    assert [entry["path"] for entry in shown["entries"]][-1] == "logs/app.log"
    lines = api.get(f"/bundles/{announcement['bundle_id']}/lines?path=logs/app.log&level=ERROR").json()
    assert lines["lines"] == [{"number": 2, "text": "ERROR broken"}]
    assert [row.what for row in BundleAccess.across_workspaces.order_by("id")] == ["view", "log"]
    assert TimelineEntry.across_workspaces.filter(data__bundle=announcement["bundle_id"]).count() == 1


@pytest.mark.parametrize(
    ("change", "headers"),
    [
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), {}),
        (lambda data: data + b"x", {}),
        (lambda data: data, {"content_type": "text/html"}),
        (lambda data: data, {"if_none_match": ""}),
        (lambda data: data, {"x_amz_checksum_sha256": "A" * 43 + "="}),
        (lambda data: data, {"x_amz_checksum_sha256": ""}),
    ],
    ids=["wrong bytes", "longer", "other type", "may overwrite", "other hash", "no hash"],
)
def test_unsigned_request_is_not_stored(endpoint, storage, change, headers):
    announcement, data = made()
    ticket = endpoint(announcement)
    sent = change(data)
    named = {name.title() if name != "x_amz_checksum_sha256" else name: v for name, v in headers.items()}
    if len(sent) != len(data):
        named["Content_Length"] = str(len(sent))
    status, text = put(ticket, sent, endpoint.base, **named)
    assert status in ((400,) if sent[:-1] == data[:-1] and sent != data else (403,)), text
    assert stored(storage, announcement) is None
    assert put(ticket, data, endpoint.base)[0] == 200


def test_cut_upload_leaves_nothing_and_may_be_sent_again(endpoint, storage):
    announcement, data = made(log=b"INFO a line of a log\n" * 20_000)
    ticket = endpoint(announcement)
    address = urlsplit(urljoin(endpoint.base, ticket["url"]))
    head = f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: {address.netloc}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in ticket["headers"].items())
    with socket.create_connection((address.hostname, address.port)) as wire:
        wire.sendall(head.encode() + b"\r\n" + data[: len(data) * 99 // 100])
    assert stored(storage, announcement) is None
    assert put(ticket, data, endpoint.base)[0] == 200


def test_body_of_no_stated_length_is_refused(endpoint, storage):
    announcement, data = made()
    ticket = endpoint(announcement)
    address = urlsplit(urljoin(endpoint.base, ticket["url"]))
    headers = {name: value for name, value in ticket["headers"].items() if name != "Content-Length"}
    assert _send(address, "PUT", [data], headers)[0] == 403
    assert stored(storage, announcement) is None


def test_expired_or_changed_address_is_refused(endpoint, storage, monkeypatch):
    announcement, data = made()
    ticket = endpoint(announcement)
    assert (
        put(
            {**ticket, "url": ticket["url"].replace(announcement["sha256"][:16], "0" * 16)},
            data,
            endpoint.base,
        )[0]
        == 403
    )
    monkeypatch.setattr(announcing, "TICKET_S", -5)
    if ticket["url"].startswith("/api"):
        status, text = put(endpoint(announcement), data, endpoint.base)
        assert (status, "expired" in text) == (403, True)
    assert stored(storage, announcement) is None


def test_lost_completion_is_retried(api, endpoint):
    announcement, data = made()
    assert put(endpoint(announcement), data, endpoint.base)[0] == 200
    assert complete_lost(timezone.now()) == 0
    later = timezone.now() + timedelta(minutes=3)
    assert (complete_lost(later), complete_lost(later)) == (1, 0)
    assert api.get("/bundles").json()[0]["incident"] == "INC-1"


def uploaded(api, data_of=made, **extra):
    announcement, data = data_of()
    announcement |= extra
    ticket = api.post("/bundles", announcement, host="localhost").json()["ticket"]
    assert put(ticket, data, "http://127.0.0.1")[0] == 200
    assert api.post(f"/bundles/{announcement['bundle_id']}/complete", {}).status_code == 200
    run_due(INSPECTION, at=timezone.now())
    return announcement


def test_bundle_of_an_incident_opens_no_other(api, workspace):
    declare_incident(system_actor(workspace.pk), title="Known")
    announcement = uploaded(api, incident="INC-1")
    assert Incident.across_workspaces.count() == 1
    declare_incident(system_actor(workspace.pk), title="Another")
    moved = api.post(f"/bundles/{announcement['bundle_id']}/attach", {"incident": "INC-2"})
    assert moved.json()["incident"] == "INC-2"
    assert api.post("/bundles", made()[0] | {"incident": "INC-9"}).status_code == 422


def test_bundle_with_a_secret_is_quarantined_for_admins(api, workspace):
    announcement = uploaded(api, lambda: made(b"first\nuse ghp_" + b"aB3" * 12 + b"\n"))
    path = f"/bundles/{announcement['bundle_id']}"
    shown = api.get(path).json()
    assert shown["status"] == "quarantined"
    assert ["logs/app.log", 2, "github-token"] in shown["hits"]
    assert "ghp_" not in json.dumps(shown)
    assert api.get(f"{path}/lines?path=logs/app.log").status_code == 403
    admin = token(workspace, Scope.ADMIN)
    assert "ghp_" in admin.get(f"{path}/lines?path=logs/app.log").json()["lines"][1]["text"]
    assert admin.post(f"{path}/release", {"reason": "a token of a test"}).json()["status"] == "ready"
    assert "ghp_" not in api.get(f"{path}/lines?path=logs/app.log").content.decode()


def test_lines_after_more_secrets_than_are_stored_stay_hidden(api, workspace):
    lines = [b"INFO started", *[b"password=maple4711"] * 600, b"INFO password=oak4712", b"INFO done"]
    announcement = uploaded(api, lambda: made(b"\n".join(lines), after=b"INFO password=elm4713\n"))
    path = f"/bundles/{announcement['bundle_id']}"
    shown = api.get(path).json()
    assert shown["status"] == "quarantined"
    assert "value-that-goes-by-a-name (602)" in shown["why"]
    assert len(shown["hits"]) == 500
    admin = token(workspace, Scope.ADMIN)
    assert admin.post(f"{path}/release", {"reason": "known"}).json()["status"] == "ready"

    def texts(name: str, start: int = 1) -> list[str]:
        found = api.get(f"{path}/lines?path={name}&start={start}").json()["lines"]
        return [line["text"] for line in found]

    assert texts("logs/app.log")[0] == "INFO started"
    assert all(text.startswith("[hidden: ") for text in [*texts("logs/app.log", 2), *texts("logs/b.log")])
    assert len(texts("logs/app.log", 502)) == 102
    assert "hidden" not in "".join([*texts("health.json"), *texts("manifest.json")])
    last = admin.get(f"{path}/lines?path=logs/app.log&start=602").json()["lines"]
    assert [line["text"] for line in last] == ["INFO password=oak4712", "INFO done"]


def test_secret_in_what_is_shown_of_a_quarantined_bundle_is_cut_out(api):
    leaking = b'{"hostname": "db-7", "kernel": "6.1 ghp_' + b"aB3" * 12 + b'"}'
    announcement = uploaded(api, lambda: made(system=leaking))
    shown = api.get(f"/bundles/{announcement['bundle_id']}").json()
    assert (shown["status"], shown["host"]) == ("quarantined", "db-7")
    assert "ghp_" not in json.dumps(shown) + str(Bundle.across_workspaces.get().facts)


def test_hostile_file_is_rejected_and_its_file_purged(api, storage):
    def hostile():
        announcement, data = made()
        data = b"<html>" + data
        return announcement | {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}, data

    announcement = uploaded(api, hostile)
    assert api.get(f"/bundles/{announcement['bundle_id']}").json()["status"] == "rejected"
    assert (purge_removed(timezone.now()), stored(storage, announcement)) == (1, None)
    assert api.post("/bundles", announcement).status_code == 409


def test_bundle_expires_unless_its_incident_is_unresolved(api, storage, workspace):
    announcement = uploaded(api)
    later = timezone.now() + timedelta(days=31)
    assert expire_due(later) == 0
    Incident.across_workspaces.update(status="closed")
    assert expire_due(later) == 1
    purge_removed(later)
    assert stored(storage, announcement) is None
    assert api.get(f"/bundles/{announcement['bundle_id']}/lines?path=logs/app.log").status_code == 404


def test_quota_size_and_unredacted_bundles_are_refused(api, settings):
    announcement, _ = made()
    assert api.post("/bundles", announcement | {"size": 200_000_001}).status_code == 413
    assert api.post("/bundles", announcement | {"metadata": {"dangerous_mode": True}}).status_code == 422
    assert api.post("/bundles", announcement).status_code == 201
    assert api.post("/bundles", announcement | {"sha256": "0" * 64}).status_code == 409
    settings.BUNDLE_QUOTA_MB = 0
    assert api.post("/bundles", made()[0]).status_code == 413
    assert Bundle.across_workspaces.count() == 1


def test_token_that_may_only_upload_sees_what_it_sent(api, workspace, other_workspace):
    announcement, _ = made()
    assert api.post("/bundles", announcement).status_code == 201
    other = token(workspace, Scope.BUNDLES_WRITE)
    assert other.post(f"/bundles/{announcement['bundle_id']}/complete", {}).status_code == 404
    assert other.get(f"/bundles/{announcement['bundle_id']}").status_code == 403
    assert other.get("/bundles").json() == []
    outsider = token(other_workspace, Scope.BUNDLES_WRITE, Scope.INCIDENTS_READ, Scope.ADMIN)
    for method, path in (("GET", ""), ("POST", "/complete"), ("DELETE", ""), ("GET", "/lines?path=x")):
        response = outsider.send(
            method, f"/bundles/{announcement['bundle_id']}{path}", {} if method == "POST" else None
        )
        assert response.status_code == 404


@pytest.mark.parametrize(
    ("endpoint_url", "remote", "headers", "may"),
    [
        (None, "203.0.113.5", {}, True),
        ("https://s3.example.com", "203.0.113.5", {}, True),
        ("http://127.0.0.1:8333", "127.0.0.1", {"Host": "localhost:8000"}, True),
        ("http://127.0.0.1:8333", "203.0.113.5", {"Host": "localhost:8000"}, False),
        ("http://127.0.0.1:8333", "127.0.0.1", {"Host": "tocsin.example"}, False),
        ("http://[::1]:8333", "127.0.0.1", {"Host": "localhost", "X-Forwarded-For": "203.0.113.5"}, False),
    ],
)
def test_storage_address_is_offered_only_if_reachable(endpoint_url, remote, headers, may):
    assert may_reach_storage(endpoint_url, remote, headers) is may


def test_bundles_of_an_outage_of_two_hours_are_inspected_once_it_is_over(api, storage, settings):
    announcement, data = made()
    assert (
        put(api.post("/bundles", announcement, host="localhost").json()["ticket"], data, "http://127.0.0.1")[
            0
        ]
        == 200
    )
    assert api.post(f"/bundles/{announcement['bundle_id']}/complete", {}).status_code == 200
    away, settings.S3_ENDPOINT_URL = settings.S3_ENDPOINT_URL, "http://127.0.0.1:9"
    [first] = claim(Inspection, 5, -1.0, at=timezone.now())  # whose worker is killed: its lease is over
    assert first.bundle.public_id == uuid.UUID(announcement["bundle_id"])
    until = timezone.now() + timedelta(hours=2)
    assert run_due(INSPECTION, 1, at=until) == 1
    Inspection.across_workspaces.update(attempts=60)  # more than two hours of tries
    assert run_due(INSPECTION, 1, at=until) == 1
    waiting = Inspection.across_workspaces.get()
    assert (waiting.state, Bundle.across_workspaces.get().status) == ("pending", "uploaded")
    assert "StorageError" in waiting.last_error
    assert waiting.due_at <= timezone.now() + timedelta(minutes=5)
    settings.S3_ENDPOINT_URL = away
    assert run_due(INSPECTION, at=waiting.due_at) == 1
    shown = api.get(f"/bundles/{announcement['bundle_id']}").json()
    assert (shown["status"], shown["why"], shown["health"]) == ("ready", "", "degraded")
    assert Inspection.across_workspaces.get().state == "done"


def test_ticket_of_a_day_old_bundle_leaves_no_file_behind(api, endpoint, storage):
    announcement, data = made()
    endpoint(announcement)
    Bundle.across_workspaces.update(announced_at=timezone.now() - timedelta(hours=23, minutes=59))
    ticket = endpoint(announcement)
    soon = timezone.now() + timedelta(minutes=5)
    expire_due(soon)
    purge_removed(soon)
    assert put(ticket, data, endpoint.base)[0] == 200
    later = timezone.now() + timedelta(hours=25)
    expire_due(later)
    purge_removed(later)
    assert stored(storage, announcement) is None
    assert not Bundle.across_workspaces.get().is_stored
