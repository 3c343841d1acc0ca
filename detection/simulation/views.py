"""Page that simulates incidents and generates sample events."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from detection.simulation.forms import SimulationForm
from detection.simulation.services import simulate_incident, simulated_events


@require_http_methods(["GET", "HEAD", "POST"])
def simulate(request: HttpRequest) -> HttpResponse:
    """GET: the form; with its fields, sample events. POST: open the drill; 303; 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.INCIDENTS_WRITE)
    if request.method != "POST":
        return _sampled(request, request.GET) if "incident_type" in request.GET else _page(request)
    form = SimulationForm(request.POST)
    if form.is_valid():
        try:
            drill = simulate_incident(actor, form.wanted(), request_key=form.cleaned_data["request_key"])
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, f"{drill.reference} opened as a drill.")
            return SeeOther(f"/incidents/{drill.reference}")
    return _page(request, form)


def _sampled(request: HttpRequest, given: Mapping[str, str]) -> HttpResponse:
    """Render the form with sample events as JSON below it."""
    form = SimulationForm(given)
    if not form.is_valid():
        return _page(request, form)
    try:
        events = simulated_events(current_actor(request), form.wanted())
    except Invalid as refusal:
        note_faults(form, refusal)
        return _page(request, form)
    return _page(request, form, "\n".join(json.dumps(event) for event in events))


def _page(request: HttpRequest, form: SimulationForm | None = None, events: str = "") -> HttpResponse:
    is_refused = form is not None and not form.is_valid()
    context = {"form": styled(form or SimulationForm()), "events": events, "nav_current": "/rules"}
    return render(request, "detection/simulate.html", context, status=422 if is_refused else 200)
