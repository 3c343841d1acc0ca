"""Incident page and its activity page."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import Capability, allowed
from accounts.sign_in.page_authentication import current_actor
from core.ui.htmx import render as render_part
from incidents.lifecycle.forms import NoteForm
from incidents.overview.panels import parse_kind
from incidents.parsing import parsed
from incidents.selectors import incident_for, timeline_of
from incidents.timeline.presentation import refuse_unknown
from incidents.timeline.selectors import BOTH, activity_page, source_named
from incidents.vocabulary import CHATTER

PEEKED: Final = 6  # timeline entries shown in a peek


@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    """GET /activity: activity of all incidents, newest first; `?kind=updates` filters it."""
    current_actor(request)
    parse_kind(request.GET.get("kind", ""))  # raises Invalid naming it
    return render(request, "incidents/overview/activity.html", {"nav_current": "/activity"})


@require_safe
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    """GET /incidents/INC-42: one incident; `?kind=`, `?before=` and `?entry=` select from its timeline."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    refuse_unknown(request.GET)
    context = {
        "incident": incident,
        "nav_current": "/" if incident.is_unresolved else "/incidents",
        "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        "form": NoteForm(incident=incident, actor=actor).styled(),
    }
    return render(request, "incidents/lifecycle/detail.html", context)


@require_safe
def peek(request: HttpRequest, reference: str) -> HttpResponse:
    """GET /incidents/INC-42/peek: summary of the incident in a dialog over the list."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    context = {
        "one": incident,
        "nav_current": "/" if incident.is_unresolved else "/incidents",
        "entries": timeline_of(actor, incident.pk, without=CHATTER, limit=PEEKED).items,
    }
    return render_part(request, "incidents/lifecycle/peek.html", context, part="peek")


@require_safe
def incident_activity(request: HttpRequest, reference: str) -> HttpResponse:
    """GET /incidents/INC-42/activity: its timeline and audit log, 50 per page."""
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
        "sources": (("", "All activity"), ("timeline", "Timeline"), ("audit", "Audit trail")),
    }
    return render(request, "incidents/lifecycle/activity.html", context)
