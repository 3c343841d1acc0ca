"""The page of one incident."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import Capability, allowed
from accounts.web import current_actor
from incidents.forms import NoteForm
from incidents.selectors import incident_for
from incidents.selectors_story import BOTH, activity_page, source_named
from incidents.storyline import refuse_unknown
from incidents.words import parsed


@require_safe
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    """GET /incidents/INC-42: one incident; `?kind=`, `?before=` and `?entry=` say which of its timeline."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    refuse_unknown(request.GET)
    context = {
        "incident": incident,
        "nav_current": "/incidents",
        "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        "form": NoteForm(incident=incident, actor=actor).styled(),
    }
    return render(request, "incidents/detail.html", context)


@require_safe
def activity(request: HttpRequest, reference: str) -> HttpResponse:
    """GET /incidents/INC-42/activity: everything that happened and was changed, 50 a page."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    source = request.GET.get("source", "")
    sources = [parsed("source", source, source_named, BOTH)] if source else BOTH
    cursor = request.GET.get("cursor") or None
    page = activity_page(actor, incident, sources=sources, cursor=cursor)
    context = {
        "incident": incident,
        "nav_current": "/incidents",
        "acts": page.items,
        "next_cursor": page.next_cursor,
        "cursor": cursor,
        "source": source,
        "sources": (("", "Everything"), ("timeline", "Timeline"), ("audit", "Changes on record")),
    }
    return render(request, "incidents/activity.html", context)
