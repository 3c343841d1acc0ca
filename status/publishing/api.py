"""The API of publishing incidents on the status page."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.errors import NotFound
from core.http.link_pagination import known_only
from incidents.selectors import incident_for
from status.pages.models import StatusPage
from status.pages.selectors import page_of
from status.publishing.models import PublicIncident
from status.publishing.selectors import published_of
from status.publishing.services.incidents import (
    allow_entry,
    post_public_update,
    publish_incident,
    withdraw_incident,
)
from status.schemas import PublicUpdateIn, PublishedOut, PublishIn

incident_router = Router(tags=["Status page"])


class Reference(Schema):
    """An incident: `INC-42` or `42`."""

    reference: str = Field(max_length=40)


class EntryPath(Reference):
    """A timeline entry of an incident."""

    entry_id: int


def _published_json(one: PublicIncident, page: StatusPage) -> dict[str, Any]:
    return {
        "id": one.public_id, "title": one.public_title, "published_at": one.published_at,
        "published_by": one.published_by,
        "url": f"{settings.BASE_URL}/status/{page.slug}/incidents/{one.public_id}",
    }  # fmt: skip


@incident_router.get(
    "/{reference}/status-page", response=PublishedOut, summary="Get the publication of an incident"
)
def show_published(request: HttpRequest, where: Path[Reference]) -> Any:
    """404 if the incident is not on the status page."""
    known_only(request, ())
    actor = actor_in(request)
    found = published_of(actor, incident_for(actor, where.reference))
    if found is None or found.withdrawn_at is not None:
        raise NotFound("This incident is not on the status page.")
    return _published_json(found, page_of(actor))


@incident_router.post("/{reference}/status-page", response=PublishedOut, summary="Publish an incident")
def publish(request: HttpRequest, where: Path[Reference], body: PublishIn) -> Any:
    """Idempotent; with another title, the title is changed. 409 for drills and private incidents."""
    actor = actor_in(request)
    found = publish_incident(actor, number=where.reference, **body.dict())
    return _published_json(found, page_of(actor))


@incident_router.delete(
    "/{reference}/status-page", response={204: None}, summary="Take an incident off the status page"
)
def withdraw(request: HttpRequest, where: Path[Reference]) -> Any:
    """409 if it is not published."""
    withdraw_incident(actor_in(request), number=where.reference)
    return Status(204, None)


@incident_router.post(
    "/{reference}/status-page/updates", response={204: None}, summary="Post a public update"
)
def post_update(request: HttpRequest, where: Path[Reference], body: PublicUpdateIn) -> Any:
    """Also written to the timeline. 422 for text with a secret; with an internal name unless `confirmed`."""
    post_public_update(actor_in(request), number=where.reference, **body.dict())
    return Status(204, None)


@incident_router.post(
    "/{reference}/status-page/entries/{entry_id}", response={204: None}, summary="Publish a held entry"
)
def show_entry(request: HttpRequest, where: Path[EntryPath]) -> Any:
    """Publishes an entry although it looks sensitive; secrets in it stay redacted. Idempotent."""
    allow_entry(actor_in(request), number=where.reference, entry_id=where.entry_id)
    return Status(204, None)
