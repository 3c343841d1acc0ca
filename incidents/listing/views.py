"""Pages of active and of all incidents."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from accounts.selectors import members_of
from accounts.sign_in.page_authentication import current_actor
from core.ui.htmx import SeeOther
from incidents.listing.active_filters import active_filters, order_select, selects, unboxed
from incidents.listing.filters import NAMES
from incidents.listing.list_query import ONCE, ListQuery, read_list
from incidents.listing.panels import VIEWS
from incidents.selectors import component_names

LISTED: Final = frozenset(alias for name in set(NAMES) - ONCE for alias in NAMES[name])


@require_safe
def active(request: HttpRequest) -> HttpResponse:
    """GET /: active incidents, the viewer's first; `?view=mine` only those, and all filters."""
    actor = current_actor(request)
    if (joined := _joined(request)) is not None:
        return joined
    list_query = read_list(request.GET, also=VIEWS)
    context = _bar(actor, list_query, with_status=False) | {"nav_current": "/"}
    return render(request, "incidents/listing/active.html", context, status=_status(list_query))


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """GET /incidents: all incidents, filtered and sorted, 50 per page with keyset pagination.

    Invalid parameters give 400, with the page and what was ignored.
    """
    actor = current_actor(request)
    if (joined := _joined(request)) is not None:
        return joined
    list_query = read_list(request.GET)
    context = _bar(actor, list_query, with_status=True) | {"nav_current": "/incidents"}
    return render(request, "incidents/listing/list.html", context, status=_status(list_query))


def _joined(request: HttpRequest) -> HttpResponse | None:
    """Return the URL with every filter once: a form sends `severity=sev1&severity=sev2`."""
    twice = [name for name in request.GET if name in LISTED and len(request.GET.getlist(name)) > 1]
    if not twice:
        return None
    pairs = {name: ",".join(request.GET.getlist(name)) if name in twice else request.GET[name]
             for name in request.GET}  # fmt: skip
    return SeeOther(f"{request.path}?{urlencode(pairs)}")


def _status(list_query: ListQuery) -> int:
    return 400 if list_query.ignored else 200


def _bar(actor: Actor, list_query: ListQuery, *, with_status: bool) -> dict[str, Any]:
    """Return the context of the bar above a list: filters, chips, ignored parameters, and bulk actions."""
    boxes = selects(list_query, component_names(actor), with_status=with_status)
    may_act = allowed(actor, Capability.INCIDENTS_WRITE)
    return {
        "list_query": list_query,
        "search": list_query.wanted.search,
        "boxes": boxes,
        "order": order_select(list_query),
        "carried": unboxed(list_query, boxes),
        "chips": active_filters(list_query),
        "exported": list_query.address(sort="", view=""),
        "may_act": may_act,
        "people": [(m.user.username, m.user.label) for m in members_of(actor)] if may_act else [],
        "me": actor.user_id,
    }
