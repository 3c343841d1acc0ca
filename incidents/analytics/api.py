"""Analytics API."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from ninja import Query, Router

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from incidents.analytics.beside import numbers_of
from incidents.analytics.documents import analytics_json, behind_json, days_of
from incidents.analytics.drilldown import incidents_behind
from incidents.analytics.precomputed import figures_for
from incidents.analytics.schemas import AnalyticsOut, BehindOut, BehindQuery
from incidents.analytics.selectors import scope_of
from incidents.listing.filters import NAMES, parse_filter, values_of
from incidents.listing.schemas import Conditions

router = Router(tags=["Analytics"])
LISTED: Final = tuple(alias for aliases in NAMES.values() for alias in aliases)


@router.get("", response=AnalyticsOut, summary="Show response times and counts")
def show_analytics(request: HttpRequest, query: Query[Conditions]) -> Any:
    """Return analytics of the matching incidents, by default those detected in the last 30 days.

    Times are mean, median and 90th percentile with the number of incidents behind them and, under `left_out`,
    why others have none. A time without data is null, never 0. If there are thousands of incidents, the
    figures of 7, 30, 90 and 365 days are precomputed: `made_at` says when.
    """
    known_only(request, LISTED)
    words = {name: values_of(request.GET, name) for name in NAMES}
    actor = actor_in(request)
    found = figures_for(actor, parse_filter(request.GET), words)
    filters = [(name, ",".join(given)) for name, given in words.items() if given]
    rest = urlencode([pair for pair in filters if pair[0] not in ("since", "until")])
    return analytics_json(found, numbers_of(actor, *days_of(found)), rest)


@router.get("/incidents", response=list[BehindOut], summary="List the incidents behind a number")
def incidents_of_number(request: HttpRequest, response: HttpResponse, query: Query[BehindQuery]) -> Any:
    """List the incidents counted in `show`, newest first; the next page is in the `Link` header."""
    known_only(request, (*LISTED, "show", "limit", "cursor"))
    scope = scope_of(actor_in(request), parse_filter(request.GET))
    first = int(query.cursor) if query.cursor.isdecimal() else 0
    _, rows = incidents_behind(scope, query.show)
    found = list(rows[first : first + query.limit + 1])
    link_pages(request, response, str(first + query.limit) if len(found) > query.limit else None)
    return [behind_json(one) for one in found[: query.limit]]
