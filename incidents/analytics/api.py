"""Analytics over HTTP."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest
from ninja import Query, Router

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from incidents.analytics.documents import analytics_json
from incidents.analytics.schemas import AnalyticsOut
from incidents.analytics.selectors import analytics_for
from incidents.listing.filters import NAMES, parse_filter
from incidents.listing.schemas import Conditions

router = Router(tags=["Analytics"])
LISTED: Final = tuple(alias for aliases in NAMES.values() for alias in aliases)


@router.get("", response=AnalyticsOut, summary="Show response times and counts")
def show_analytics(request: HttpRequest, query: Query[Conditions]) -> Any:
    """Of the incidents that the filters find, by default those detected in the last 30 days.

    Times are mean, median and 90th percentile with the number of incidents behind them and, under `left_out`,
    why others have none. A time without data is null, never 0.
    """
    known_only(request, LISTED)
    return analytics_json(analytics_for(actor_in(request), parse_filter(request.GET)))
