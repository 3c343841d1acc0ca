"""The pages people look at: what is open, everything, one incident."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import Capability, allowed
from accounts.web import current_actor
from incidents.filters import parse_filter
from incidents.forms import NoteForm
from incidents.selectors import component_names, incident_for
from incidents.vocabulary import IncidentType, Severity, Status

SINCE = [
    ("", "Any time"),
    ("1h", "Last hour"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
]
SHOWN_COMPONENTS = 300


def _filter_bar(request: HttpRequest, actor: Any) -> dict[str, Any]:
    parse_filter(request.GET)  # raises Invalid naming the parameter
    return {
        "severities": Severity.choices,
        "statuses": [("active", "Active"), *Status.choices],
        "types": IncidentType.choices,
        "components": component_names(actor, limit=SHOWN_COMPONENTS),
        "since_choices": SINCE,
        "may_act": allowed(actor, Capability.INCIDENTS_WRITE),
    }


@require_safe
def active(request: HttpRequest) -> HttpResponse:
    """GET /: what is open, mine first; `?view=mine` only those, and every filter."""
    actor = current_actor(request)
    return render(request, "incidents/active.html", {"nav_current": "/", **_filter_bar(request, actor)})


@require_safe
def everything(request: HttpRequest) -> HttpResponse:
    """GET /incidents: all incidents, filtered, 50 a page by keyset."""
    actor = current_actor(request)
    return render(
        request, "incidents/list.html", {"nav_current": "/incidents", **_filter_bar(request, actor)}
    )


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
