"""The API of diagnostic bundles."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from bundles.records.models import BundleStatus
from bundles.records.rendering import bundle_detail, bundle_json
from bundles.records.selectors import bundle_for, bundles_page
from bundles.records.services import Access, attach, delete, note_access, release
from bundles.schemas import (
    AnnouncedOut,
    AttachIn,
    BundleDetailOut,
    BundleIn,
    BundleOut,
    LinesOut,
    ReleaseIn,
)
from bundles.uploads.announcing import Announcement, Caller, announce, ticket_for
from bundles.uploads.completing import complete
from bundles.viewer.reading import read_lines
from core.http.link_pagination import known_only, link_pages

router = Router(tags=["Diagnostic bundles"])


class BundleId(Schema):
    """`bundle_id` of its metadata.json."""

    bundle_id: str = Field(max_length=60)


class ListQuery(Schema):
    """Filter of bundles."""

    text: str = Field("", max_length=200, description="Words in the summary or the host.")
    limit: int = Field(50, ge=1, le=100)
    cursor: str = Field("", max_length=20, description="From the Link header of the previous page.")


class LinesQuery(Schema):
    """Lines of a file."""

    path: str = Field("", max_length=300, description="An entry, such as `logs/app.log`.")
    start: int = Field(1, ge=1, le=2**31)
    search: str = Field("", max_length=200, description="Words, case-insensitive.")
    level: str = Field("", max_length=20, description="`ERROR`, `WARN` …")


@router.get("", response=list[BundleOut], summary="List bundles")
def list_bundles(request: HttpRequest, response: HttpResponse, query: Query[ListQuery]) -> Any:
    """Newest first; a token with only `bundles:write` sees its own uploads."""
    known_only(request, ("text", "limit", "cursor"))
    before = int(query.cursor) if query.cursor.isdecimal() else None
    rows = bundles_page(actor_in(request), before=before, text=query.text, limit=query.limit)
    more = str(rows[query.limit - 1].pk) if len(rows) > query.limit else None
    link_pages(request, response, more)
    return [bundle_json(bundle) for bundle in rows[: query.limit]]


@router.post("", response={201: AnnouncedOut, 200: AnnouncedOut}, summary="Announce a bundle")
def create(request: HttpRequest, body: BundleIn) -> Any:
    """201 with the ticket for its upload, or 200 if the bundle is already stored."""
    announcement = Announcement(**body.model_dump(exclude={"direct", "bundle_id"}), public_id=body.bundle_id)
    bundle = announce(actor_in(request), announcement)
    if bundle.status != BundleStatus.ANNOUNCED:
        return Status(200, {**bundle_json(bundle), "ticket": None})
    caller = Caller(request.META.get("REMOTE_ADDR", ""), dict(request.headers), body.direct)
    return Status(201, {**bundle_json(bundle), "ticket": ticket_for(bundle, caller)})


@router.post("/{bundle_id}/complete", response=BundleOut, summary="Complete an upload")
def complete_upload(request: HttpRequest, where: Path[BundleId]) -> Any:
    """Opens an incident, or attaches the bundle to the given one. 409 if the file is missing."""
    return bundle_json(complete(actor_in(request), where.bundle_id))


@router.get("/{bundle_id}", response=BundleDetailOut, summary="Show a bundle")
def show(request: HttpRequest, where: Path[BundleId]) -> Any:
    """Health checks, system facts, entries, and locations of secrets."""
    actor = actor_in(request)
    bundle = bundle_for(actor, where.bundle_id)
    note_access(actor, bundle, Access.VIEW)
    return bundle_detail(bundle)


@router.get("/{bundle_id}/lines", response=LinesOut, summary="Read a file of a bundle")
def lines(request: HttpRequest, where: Path[BundleId], query: Query[LinesQuery]) -> Any:
    """Up to 500 lines from `start` that contain the words of `search`."""
    wanted = query.model_dump(exclude={"path"})
    _, page = read_lines(actor_in(request), where.bundle_id, query.path, **wanted)
    found = [{"number": line.number, "text": line.text} for line in page.lines]
    return {"path": query.path, "lines": found, "next": page.next}


@router.post("/{bundle_id}/attach", response=BundleOut, summary="Attach a bundle to an incident")
def attach_to(request: HttpRequest, where: Path[BundleId], body: AttachIn) -> Any:
    """Moves it from its previous incident."""
    return bundle_json(attach(actor_in(request), where.bundle_id, body.incident))


@router.post("/{bundle_id}/release", response=BundleOut, summary="Release a quarantined bundle")
def release_bundle(request: HttpRequest, where: Path[BundleId], body: ReleaseIn) -> Any:
    """Makes it readable for all who may read bundles. For admins."""
    return bundle_json(release(actor_in(request), where.bundle_id, body.reason))


@router.delete("/{bundle_id}", response={204: None}, summary="Delete a bundle")
def delete_bundle(request: HttpRequest, where: Path[BundleId]) -> Any:
    """Its file is deleted within a minute; the record and the access log remain. For admins."""
    delete(actor_in(request), where.bundle_id)
    return Status(204, None)
