"""Declares an incident, showing similar open ones."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.form_recovery import take_form
from core.ui.htmx import go_to, render
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.forms import DeclareForm
from incidents.listing.filters import IncidentFilter
from incidents.models import Incident
from incidents.selectors import incidents_page
from incidents.validation import TITLE_LENGTH, fit
from incidents.vocabulary import UNRESOLVED

SIMILAR = 4
MIN_WORD = 4


@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: the incident; 303 to its page, 422 with the faults and the input."""
    actor = current_actor(request)
    require(actor, Capability.INCIDENTS_WRITE)
    if (saved := take_form(request)) is not None:
        return _page(request, DeclareForm(saved), is_restored=True)
    if request.method != "POST":
        return _page(request, DeclareForm(initial={"request_key": uuid.uuid4().hex}))
    form = DeclareForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        number = _declare(actor, form)
    except Invalid as fault:
        for one in fault.faults:
            form.add_error(one.field if one.field in form.fields else None, one.message)
        return _page(request, form, status=422)
    return go_to(request, f"/incidents/INC-{number}")


def _page(
    request: HttpRequest, form: DeclareForm, status: int = 200, *, is_restored: bool = False
) -> HttpResponse:
    context = {"form": form.styled(), "nav_current": "/incidents", "is_restored": is_restored}
    return render(request, "incidents/lifecycle/declare.html", context, part="form", status=status)


def _declare(actor: Actor, form: DeclareForm) -> int:
    """Declare the incident; the same form sent twice returns the same incident."""
    data = form.cleaned_data
    incident = declare_incident(
        actor,
        title=data["title"],
        severity=data["severity"],
        incident_type=data["incident_type"] or "other",
        description=data["description"],
        components=[c.strip() for c in data["components"].split(",") if c.strip()],
        labels={"project": data["project"]} if data["project"] else {},
        is_private=data["is_private"],
        request_key=data["request_key"],
    )
    return incident.number


@require_safe
def similar(request: HttpRequest) -> HttpResponse:
    """GET /incidents/similar?title=…: up to four open incidents that share a word with the title."""
    actor = current_actor(request)
    found = _similar(actor, fit(request.GET.get("title", ""), TITLE_LENGTH))
    return render_template(request, "incidents/lifecycle/similar.html", {"incidents": found})


def _similar(actor: Actor, title: str) -> list[Incident]:
    words = sorted({w for w in title.casefold().split() if len(w) >= MIN_WORD}, key=len, reverse=True)[:3]
    found: dict[int, Incident] = {}
    for word in words:
        wanted = IncidentFilter(statuses=frozenset(UNRESOLVED), search=word)
        for incident in incidents_page(actor, wanted, limit=SIMILAR).items:
            found.setdefault(incident.pk, incident)
    return list(found.values())[:SIMILAR]
