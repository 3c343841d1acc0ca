"""`Link` headers (RFC 8288) for paginated API lists."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest, HttpResponse

from core.errors import FieldFault, Invalid


def link_pages(
    request: HttpRequest, response: HttpResponse, next_cursor: str | None, previous_cursor: str | None = None
) -> None:
    """Set `Link` with rel="first", and rel="next" and rel="prev" while there is more that way."""
    links = [_link(request, None, "first")]
    if previous_cursor:
        links.append(_link(request, previous_cursor, "prev"))
    if next_cursor:
        links.append(_link(request, next_cursor, "next"))
    response["Link"] = ", ".join(links)


def known_only(request: HttpRequest, names: Iterable[str]) -> None:
    """Raise Invalid naming the unknown query parameters, rather than ignore them silently."""
    odd = sorted(set(request.GET) - set(names))
    if odd:
        faults = [FieldFault(name[:100], "unknown", "is not a parameter of this list") for name in odd]
        raise Invalid("Unknown query parameters.", faults=faults)


def _link(request: HttpRequest, cursor: str | None, relation: str) -> str:
    query = request.GET.copy()
    query.pop("cursor", None)
    if cursor:
        query["cursor"] = cursor
    address = request.build_absolute_uri(request.path)
    return f'<{address}{"?" if query else ""}{query.urlencode()}>; rel="{relation}"'
