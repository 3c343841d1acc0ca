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
    """GET /: what is open, mine first; `?view=mine` only those, and every filter."""
    actor = current_actor(request)
    if (joined := _joined(request)) is not None:
        return joined
    asked = read_list(request.GET, also=VIEWS)
    context = _bar(actor, asked, with_status=False) | {"nav_current": "/"}
    return render(request, "incidents/listing/active.html", context, status=_status(asked))


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """GET /incidents: all incidents, filtered, in any order, 50 a page by keyset.

    400, but the page all the same, when part of the address is not understood: it says which.
    """
    actor = current_actor(request)
    if (joined := _joined(request)) is not None:
        return joined
    asked = read_list(request.GET)
    context = _bar(actor, asked, with_status=True) | {"nav_current": "/incidents"}
    return render(request, "incidents/listing/list.html", context, status=_status(asked))


def _joined(request: HttpRequest) -> HttpResponse | None:
    """The address with every filter once: a form sends `severity=sev1&severity=sev2`."""
    twice = [name for name in request.GET if name in LISTED and len(request.GET.getlist(name)) > 1]
    if not twice:
        return None
    pairs = {name: ",".join(request.GET.getlist(name)) if name in twice else request.GET[name]
             for name in request.GET}  # fmt: skip
    return SeeOther(f"{request.path}?{urlencode(pairs)}")


def _status(asked: ListQuery) -> int:
    return 400 if asked.ignored else 200


def _bar(actor: Actor, asked: ListQuery, *, with_status: bool) -> dict[str, Any]:
    """What stands above a list: filters, chips, what was not understood, and what can be done with many."""
    boxes = selects(asked, component_names(actor), with_status=with_status)
    may_act = allowed(actor, Capability.INCIDENTS_WRITE)
    return {
        "asked": asked,
        "search": asked.wanted.search,
        "boxes": boxes,
        "order": order_select(asked),
        "carried": unboxed(asked, boxes),
        "chips": active_filters(asked),
        "exported": asked.address(sort="", view=""),
        "may_act": may_act,
        "people": [(m.user.username, m.user.label) for m in members_of(actor)] if may_act else [],
        "me": actor.user_id,
    }
