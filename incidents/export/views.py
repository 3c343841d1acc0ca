"""Export views: a list, a selection, one incident."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actor import Actor
from accounts.sign_in.page_authentication import current_actor
from core.errors import NotFound
from core.http.downloads import download
from core.http.link_pagination import known_only
from incidents.bulk.picks import picks_in
from incidents.export.formats import File, Format, export_chosen, export_list, export_one, parse_format
from incidents.listing.filters import NAMES, parse_filter
from incidents.listing.list_query import given_parameters
from incidents.listing.selectors import incidents_numbered
from incidents.reference import reference

LISTED: Final = ("format", *(alias for aliases in NAMES.values() for alias in aliases))


@require_http_methods(["GET", "HEAD", "POST"])
def export_many(request: HttpRequest) -> HttpResponseBase:
    """GET: everything the filters of the URL match. POST: the incidents selected in the form.

    An unknown filter is 422, since a file would not show that it was ignored.
    """
    actor = current_actor(request)
    if request.method == "POST":
        return _send(request, _chosen(request, actor, parse_format(request.POST.get("format", ""))))
    known_only(request, LISTED)
    kind, wanted = parse_format(request.GET.get("format", "")), parse_filter(request.GET)
    filters = given_parameters(request.GET)
    return _send(request, export_list(actor, wanted, kind, filters=filters, with_bom=True))


@require_safe
def export_incident(request: HttpRequest, reference: str) -> HttpResponseBase:
    """GET /incidents/INC-42/export?format=markdown: one incident with its whole timeline."""
    kind = parse_format(request.GET.get("format", ""))
    return _send(request, export_one(current_actor(request), reference, kind, with_bom=True))


def _chosen(request: HttpRequest, actor: Actor, kind: Format) -> File:
    numbers = [pick.number for pick in picks_in(request.POST)]
    found = incidents_numbered(actor, numbers)
    if gone := sorted(set(numbers) - {incident.number for incident in found}):
        raise NotFound(f"There is no {', '.join(reference(n) for n in gone)} in this workspace.")
    return export_chosen(actor, found, kind, with_bom=True)


def _send(request: HttpRequest, file: File) -> HttpResponseBase:
    # Spreadsheets read UTF-8 only after a byte order mark.
    return download(request, file.pieces, content_type=file.content_type, filename=file.name)
