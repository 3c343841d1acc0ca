"""Streaming export API."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from accounts.tokens.api_authentication import actor_in
from core.http.downloads import download
from core.http.link_pagination import known_only
from incidents.export.formats import CONTENT_TYPES, File, export_list, export_one, parse_format
from incidents.lifecycle.api import Reference
from incidents.listing.filters import NAMES, parse_filter
from incidents.listing.list_query import given_parameters
from incidents.listing.schemas import Conditions

router = Router(tags=["Incidents"])
LISTED: Final = ("format", *(alias for aliases in NAMES.values() for alias in aliases))
WORDS: Final = "`json` (also nothing), `csv` or `markdown` (also `md`)."


class ExportQuery(Conditions):
    """Filters and format of the export."""

    format: str = Field("", description=WORDS, max_length=20)


class FormatQuery(Schema):
    """Format of the export."""

    model_config = ConfigDict(extra="ignore")

    format: str = Field("", description=WORDS, max_length=20)


def _documented(of_one: str) -> dict[str, Any]:
    """Return the description of the file for the OpenAPI document."""
    shapes: dict[str, Any] = {"application/json": {"schema": {"type": "object", "description": of_one}}}
    for content_type in CONTENT_TYPES.values():
        shapes.setdefault(content_type.split(";")[0], {"schema": {"type": "string"}})
    headers = {"Content-Disposition": {"schema": {"type": "string"}, "description": "The name of the file."}}
    return {"responses": {200: {"description": "The file.", "content": shapes, "headers": headers}}}


def send(request: HttpRequest, file: File) -> StreamingHttpResponse:
    """Return the file as a streaming response."""
    return download(request, file.pieces, content_type=file.content_type, filename=file.name)


@router.get(
    "/export",
    summary="Export incidents",
    openapi_extra=_documented("`incidents` as in the list, `filters`, `exported_at`, then `count`."),
)
def export_incidents(request: HttpRequest, query: Query[ExportQuery]) -> Any:
    """Export all matching incidents, newest detection first, streamed; CSV has no byte order mark."""
    known_only(request, LISTED)
    kind, wanted = parse_format(query.format), parse_filter(request.GET)
    filters = given_parameters(request.GET)
    return send(request, export_list(actor_in(request), wanted, kind, filters=filters))


@router.get(
    "/{reference}/export",
    summary="Export one incident",
    openapi_extra=_documented("The incident with its whole `timeline`, oldest first, and all role holders."),
)
def export_incident(request: HttpRequest, where: Path[Reference], query: Query[FormatQuery]) -> Any:
    """Export one incident with its whole timeline, oldest first; as CSV, the timeline alone."""
    known_only(request, ("format",))
    return send(request, export_one(actor_in(request), where.reference, parse_format(query.format)))
