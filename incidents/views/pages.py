"""The page of one incident."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import Capability, allowed
from accounts.web import current_actor
from incidents.forms import NoteForm
from incidents.panels_overview import parse_kind
from incidents.selectors import incident_for


@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    """GET /activity: what happened across all incidents, newest first; `?kind=updates` only those."""
    current_actor(request)
    parse_kind(request.GET.get("kind", ""))  # raises Invalid naming it
    return render(request, "incidents/activity.html", {"nav_current": "/activity"})


@require_safe
def detail(request: HttpRequest, reference: str) -> HttpResponse:
    """GET /incidents/INC-42: one incident."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    context = {
        "incident": incident,
        "nav_current": "/incidents",
        "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
        "form": NoteForm(incident=incident, actor=actor).styled(),
    }
    return render(request, "incidents/detail.html", context)
