"""Action item pages: list with filters and bulk edit, detail, create, and CSV download."""

from __future__ import annotations

import uuid
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.selectors import members_of
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.http.csv_stream import csv_lines
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther, done
from incidents.selectors import incident_for
from postmortems.action_items.forms import BulkForm, ItemForm
from postmortems.action_items.models import ActionItem, ItemKind, ItemStatus
from postmortems.action_items.selectors import (
    MAX_EXPORTED,
    MAX_LISTED,
    counts_of,
    item_for,
    items_page,
    matching,
    parse_item_filter,
    today,
)
from postmortems.action_items.services import create_item, update_item, update_items
from postmortems.fix_watch.selectors import held_counts, watches_of
from postmortems.learning.models import Priority

NAV: Final = {"nav_current": "/action-items"}
HEAD: Final = (
    "reference", "title", "status", "owner", "priority", "kind", "due_date", "completed_at", "incident",
    "incident_title", "created_at",
)  # fmt: skip


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """GET /action-items: across incidents, newest first; filters in the query string."""
    actor = current_actor(request)
    query = request.GET.dict()
    query.setdefault("status", "unfinished")
    wanted = parse_item_filter(query)
    before = query.pop("before", "")
    rows = items_page(actor, wanted, before=int(before) if before.isdecimal() and len(before) < 10 else None)
    shown = rows[:MAX_LISTED]
    more = urlencode({**query, "before": shown[-1].number}) if len(rows) > MAX_LISTED else ""
    context = {
        **NAV,
        "rows": shown,
        "wanted": wanted,
        "counts": counts_of(actor),
        "fixes": held_counts(actor),
        "older": f"/action-items?{more}" if more else "",
        "here": urlencode(query),
        "statuses": ItemStatus.choices,
        "kinds": ItemKind.choices,
        "priorities": Priority.choices,
        "people": [member.user for member in members_of(actor)],
        "today": today(),
        "may_write": allowed(actor, Capability.ACTION_ITEMS_WRITE),
    }
    return render(request, "postmortems/action_items/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """GET: the form (`?incident=INC-42&title=…`). POST: create; 303, 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.ACTION_ITEMS_WRITE)
    named = request.POST.get("incident", request.GET.get("incident", ""))[:60]
    if not named:
        return render(request, "postmortems/action_items/incident.html", NAV)
    incident = incident_for(actor, named)
    initial = {"title": request.GET.get("title", "")[:200], "request_key": uuid.uuid4().hex}
    form = ItemForm(request.POST if request.method == "POST" else None, actor=actor, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            item = create_item(
                actor, incident.number, request_key=form.cleaned_data["request_key"], **form.wanted()
            )
        except Invalid as fault:
            note_faults(form, fault)
        else:
            url = request.POST.get("next") or f"/action-items?incident={incident.reference}"
            return done(request, f"{item.reference} created.", url=_ours(url))
    context = {**NAV, "form": styled(form), "incident": incident, "next": request.GET.get("next", "")}
    return render(
        request, "postmortems/action_items/form.html", context, status=422 if form.is_bound else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, item: str) -> HttpResponse:
    """GET: an action item. POST: change it; 303, 409 if it changed meanwhile, 422 with errors."""
    actor = current_actor(request)
    found = item_for(actor, item)
    may_write = allowed(actor, Capability.ACTION_ITEMS_WRITE)
    if request.method != "POST":
        return _item(request, found, ItemForm(actor=actor, item=found), may_write=may_write)
    require(actor, Capability.ACTION_ITEMS_WRITE)
    form = ItemForm(request.POST, actor=actor, item=found)
    if not form.is_valid():
        return _item(request, found, form, may_write=may_write, status=422)
    try:
        update_item(actor, item, version=form.cleaned_data["version"], **form.wanted())
    except Invalid as fault:
        note_faults(form, fault)
        return _item(request, found, form, may_write=may_write, status=422)
    except Conflict as conflict:
        data = request.POST.copy()
        data["version"] = str(found.version)
        again = ItemForm(data, actor=actor, item=found)
        return _item(request, found, again, may_write=may_write, status=409, conflict=conflict)
    return done(request, f"{found.reference} saved.", url=f"/action-items/{found.reference}")


def _item(
    request: HttpRequest, item: ActionItem, form: ItemForm, *, may_write: bool, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        **NAV, "item": item, "incident": item.incident, "form": styled(form), "may_write": may_write,
        "is_overdue": item.is_overdue(today()), "watches": watches_of(item), **more,
    }  # fmt: skip
    return render(request, "postmortems/action_items/detail.html", context, status=status)


@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """POST: bulk edit of the selected items; 303 with the outcome as a message."""
    actor, form = current_actor(request), BulkForm(request.POST)
    back = f"/action-items?{request.POST.get('here', '')[:1000]}"
    chosen = request.POST.getlist("item")[:300]
    if not form.is_valid() or not chosen or not form.wanted():
        messages.error(request, "Select at least one item and a change. Nothing was changed.")
        return SeeOther(back)
    outcomes = update_items(actor, chosen, **form.wanted())
    refused = [one for one in outcomes if one.why]
    messages.success(request, f"{len(outcomes) - len(refused)} action items changed.")
    if refused:
        messages.error(request, "; ".join(f"{one.reference}: {one.why}" for one in refused[:5]))
    return SeeOther(back)


@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    """GET: the filtered list as CSV, 10,000 rows at most."""
    actor = current_actor(request)
    require(actor, Capability.POSTMORTEMS_READ)
    return csv_of(actor, request.GET.dict())


def csv_of(actor: Actor, query: dict[str, str]) -> HttpResponse:
    """A CSV file of action items; cells that look like formulas are prefixed with an apostrophe."""
    rows = matching(actor, parse_item_filter(query)).order_by("-number")[:MAX_EXPORTED]
    body = csv_lines([HEAD, *map(_cells, rows)])
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="action-items.csv"'
    return response


def _cells(item: ActionItem) -> list[object]:
    return [
        item.reference, item.title, item.status, item.assignee.username if item.assignee else "",
        item.priority, item.kind, item.due_date or "", item.completed_at or "", item.incident.reference,
        item.incident.title, item.created_at,
    ]  # fmt: skip


def _ours(url: str) -> str:
    """The address if it is a page of postmortems or incidents, else the list of action items."""
    return url if url.startswith(("/postmortems/", "/incidents/", "/action-items")) else "/action-items"
