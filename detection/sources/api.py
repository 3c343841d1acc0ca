"""API of sources, quarantine and changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from core.http.link_pagination import known_only, link_pages
from detection.models import QuarantinedRequest, Source
from detection.quarantine.refusal_reasons import reasons_of
from detection.quarantine.services.discarding import discard_quarantined
from detection.quarantine.services.replaying import replay as replay_quarantined
from detection.quarantine.views import shown_body
from detection.sources.own_keys import masked
from detection.sources.selectors import (
    change_json,
    changes_page,
    quarantine_page,
    quarantined_for,
    secrets_of,
    source_for,
    source_json,
    sources_of,
)
from detection.sources.services import sources as service
from detection.sources.services.record_change import record_change
from detection.sources.services.source_test import run_source_test
from detection.webhooks.format import counts
from incidents.vocabulary import Severity

sources_router = Router(tags=["Sources"])
quarantine_router = Router(tags=["Quarantine"])
changes_router = Router(tags=["Changes"])
MAX_ID: Final = 2**63 - 1


class SourceIn(Schema):
    """A new source."""

    model_config = {"extra": "forbid"}
    kind: str = Field(max_length=40, examples=["alertmanager"])
    name: str = Field(max_length=80, examples=["Prometheus of production"])
    enabled: bool = True
    opens_incidents: bool | None = Field(None, description="Unset: the default of the kind.")
    default_severity: Severity = Severity.SEV3
    reopen_minutes: int = Field(30, ge=0, le=10_080)
    mapping: dict[str, Any] = {}


class SourcePatch(Schema):
    """Fields to change; missing ones stay."""

    model_config = {"extra": "forbid"}
    name: str | None = Field(None, max_length=80)
    enabled: bool | None = None
    opens_incidents: bool | None = None
    default_severity: Severity | None = None
    reopen_minutes: int | None = Field(None, ge=0, le=10_080)
    mapping: dict[str, Any] | None = None
    version: int | None = Field(None, ge=0, le=2**31 - 1)


class SecretIn(Schema):
    """A secret the sender signs with."""

    model_config = {"extra": "forbid"}
    text: str = Field(min_length=8, max_length=500)


class TestIn(Schema):
    """A body for the test; unset: the sample of the format."""

    model_config = {"extra": "forbid"}
    body: str | None = Field(None, max_length=65_536)


class PageQuery(Schema):
    """Paginated by cursor: the next one is in the `Link` header."""

    cursor: str = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)


class QuarantineQuery(PageQuery):
    source: int | None = Field(None, ge=0, le=MAX_ID, description="The id of one source.")


class ChangeQuery(PageQuery):
    component: str = Field("", max_length=200, description="The name of one component.")


class ChangeIn(Schema):
    """A deployment, a change of configuration, a flag flipped."""

    model_config = {"extra": "forbid"}
    summary: str = Field(max_length=1024, examples=["Deployed checkout 2026.47.1"])
    kind: str = Field("deployment", examples=["deployment", "config", "flag", "other"])
    component: str = Field("", max_length=200, examples=["checkout"])
    version: str = Field("", max_length=200)
    author: str = Field("", max_length=200, description="Default: the caller.")
    occurred_at: str | float | None = Field(None, description="ISO 8601 or seconds since 1970; unset: now.")
    key: str = Field("", max_length=200, description="A change with the same key is stored once.")
    url: str = Field("", max_length=2000)
    detail: dict[str, Any] = {}


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = vars(request)["auth"]
    return actor


def _given_fields(payload: Schema) -> dict[str, Any]:
    return {name: value for name, value in payload.dict(exclude_unset=True).items() if value is not None}


def _address(request: HttpRequest, source: Source, key: str) -> str:
    return request.build_absolute_uri(f"/api/v1/webhooks/{source.kind}/{key}")


@sources_router.get("", response=list[dict[str, Any]], summary="List sources")
def list_sources(request: HttpRequest) -> Any:
    """List sources by name, with counts of the last 24 hours and of quarantined requests."""
    return [source_json(source) for source in sources_of(_actor(request))]


@sources_router.post("", response={201: dict[str, Any]}, summary="Create a source")
def make_source(request: HttpRequest, payload: SourceIn) -> Any:
    """Create a source. `key` and `address` are returned only in this response."""
    fields = _given_fields(payload)
    source, key = service.create_source(_actor(request), **fields)
    fresh = source_for(_actor(request), source.pk)
    return Status(201, {**source_json(fresh), "key": key, "address": _address(request, source, key)})


@sources_router.get("/{source_id}", response=dict[str, Any], summary="Show a source")
def show_source(request: HttpRequest, source_id: int) -> Any:
    """Return a source with the hints of its live keys and signing secrets."""
    actor = _actor(request)
    source = source_for(actor, source_id)
    live = [
        {"id": one.pk, "purpose": one.purpose, "hint": one.hint, "created_at": one.created_at,
         "last_used_at": one.last_used_at}
        for one in secrets_of(actor, source)
    ]  # fmt: skip
    return {**source_json(source), "secrets": live}


@sources_router.patch("/{source_id}", response=dict[str, Any], summary="Change a source")
def change_source(request: HttpRequest, source_id: int, payload: SourcePatch) -> Any:
    """Change a source. With `version`, a stale one is refused."""
    service.update_source(_actor(request), source_id=source_id, **_given_fields(payload))
    return source_json(source_for(_actor(request), source_id))


@sources_router.delete("/{source_id}", response={204: None}, summary="Delete a source")
def remove_source(request: HttpRequest, source_id: int) -> Any:
    service.delete_source(_actor(request), source_id=source_id)
    return Status(204, None)


@sources_router.post("/{source_id}/keys", response={201: dict[str, Any]}, summary="Create a second key")
def make_key(request: HttpRequest, source_id: int) -> Any:
    """Create a second key, for rotation: the first works until it is revoked.

    The key is returned only once.
    """
    key = service.add_key(_actor(request), source_id=source_id)
    source = source_for(_actor(request), source_id)
    return Status(201, {"key": key, "address": _address(request, source, key)})


@sources_router.post("/{source_id}/secrets", response={204: None}, summary="Require signatures")
def make_secret(request: HttpRequest, source_id: int, payload: SecretIn) -> Any:
    """Add a signing secret. Once there is one, unsigned requests are refused; two may be live."""
    service.add_signing_secret(_actor(request), source_id=source_id, text=payload.text)
    return Status(204, None)


@sources_router.delete(
    "/{source_id}/secrets/{secret_id}", response={204: None}, summary="Revoke a key or secret"
)
def end_secret(request: HttpRequest, source_id: int, secret_id: int) -> Any:
    service.revoke_secret(_actor(request), source_id=source_id, secret_id=secret_id)
    return Status(204, None)


@sources_router.post("/{source_id}/test", response=dict[str, Any], summary="Send a test")
def send_test(request: HttpRequest, source_id: int, payload: TestIn) -> Any:
    """Test a source through the full pipeline; returns each step, and everything is rolled back."""
    steps = run_source_test(_actor(request), source_id=source_id, body=payload.body)
    return {
        "steps": [
            {"name": one.name, "words": one.words, "details": list(one.details), "failed": one.failed}
            for one in steps
        ]
    }


@quarantine_router.get("", response=list[dict[str, Any]], summary="List requests in quarantine")
def list_quarantine(request: HttpRequest, response: HttpResponse, query: Query[QuarantineQuery]) -> Any:
    """List quarantined requests, newest first, without the bodies."""
    known_only(request, QuarantineQuery.model_fields)
    page = quarantine_page(
        _actor(request), source_id=query.source, cursor=query.cursor or None, limit=query.limit
    )
    link_pages(request, response, page.next_cursor)
    return [quarantined_json(row) for row in page.items]


@quarantine_router.get("/{quarantine_id}", response=dict[str, Any], summary="Show a request in quarantine")
def show_quarantined(request: HttpRequest, quarantine_id: int) -> Any:
    """Return a quarantined request with its body, secrets masked."""
    row = quarantined_for(_actor(request), quarantine_id)
    return {**quarantined_json(row), "body": shown_body(row)}


@quarantine_router.post("/{quarantine_id}/replay", response=dict[str, Any], summary="Replay a request")
def replay(request: HttpRequest, quarantine_id: int) -> Any:
    """Replay a request with the current mapping.

    422 while it still cannot be parsed, 409 if it was replayed.
    """
    return counts(replay_quarantined(_actor(request), quarantined_id=quarantine_id))


@quarantine_router.delete("/{quarantine_id}", response={204: None}, summary="Discard a request")
def discard(request: HttpRequest, quarantine_id: int) -> Any:
    discard_quarantined(_actor(request), quarantine_id=quarantine_id)
    return Status(204, None)


@changes_router.get("", response=list[dict[str, Any]], summary="List changes")
def list_changes(request: HttpRequest, response: HttpResponse, query: Query[ChangeQuery]) -> Any:
    """List changes, newest first."""
    known_only(request, ChangeQuery.model_fields)
    page = changes_page(
        _actor(request), component=query.component, cursor=query.cursor or None, limit=query.limit
    )
    link_pages(request, response, page.next_cursor)
    return [change_json(change) for change in page.items]


@changes_router.post("", response={201: dict[str, Any], 200: dict[str, Any]}, summary="Report a change")
def create_change(request: HttpRequest, payload: ChangeIn) -> Any:
    """Record a change, shown on incidents that begin within the next hours.

    200: its key was recorded before.
    """
    change, is_new = record_change(_actor(request), fields=payload.dict())
    return Status(201 if is_new else 200, change_json(change))


def quarantined_json(row: QuarantinedRequest) -> Mapping[str, Any]:
    """Return a request in quarantine as the API shows it, without its body."""
    return {
        "id": row.pk, "source": row.source.name, "source_id": row.source_id, "reason": row.reason,
        "reasons": [one.value for one in reasons_of(row.reason, row.faults)],
        "detail": row.detail, "faults": row.faults, "method": row.method,
        "headers": masked(row.workspace_id, dict(row.headers)),
        "times": row.times, "received_at": row.received_at, "last_received_at": row.last_received_at,
        "expires_at": row.expires_at, "replayed_at": row.replayed_at, "replayed_by": row.replayed_by,
    }  # fmt: skip
