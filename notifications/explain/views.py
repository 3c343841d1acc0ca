"""Explain pages: of an incident, of a person, and a simulation."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.ui.forms import styled
from incidents.explain.pruning import DECISION_RETENTION
from notifications.explain.forms import SimulationForm
from notifications.explain.report import DEFAULT_DAYS, incident_report, person_report
from notifications.explain.simulation import simulate

PAGE: Final = "/explain"


@require_safe
def incident(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: why the incident opened, and who was notified or not."""
    report = incident_report(current_actor(request), reference)
    context = {"report": report, "incident": report.incident, "retention_days": DECISION_RETENTION.days}
    return render(request, "notifications/explain/incident.html", {"nav_current": "/incidents"} | context)


@require_safe
def person(request: HttpRequest, username: str) -> HttpResponse:
    """GET: why a member was or was not notified; `?days=` up to 30."""
    actor = current_actor(request)
    text = request.GET.get("days", str(DEFAULT_DAYS))
    days = int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0
    report = person_report(actor, username, days=days, now=timezone.now())
    shown = [(one, report.incidents.get(one.decision.incident_id or 0)) for one in report.lines]
    context = {"report": report, "lines": shown, "days": days, "spans": (1, 7, 30), "username": username}
    return render(request, "notifications/explain/person.html", context)


@require_safe
def simulation(request: HttpRequest) -> HttpResponse:
    """GET: the form, and who would be notified; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.CHANNELS_READ)
    form = SimulationForm(request.GET if request.GET else None)
    context: dict[str, Any] = {"form": styled(form), "simulation": None}
    if request.GET and form.is_valid():
        context["simulation"] = simulate(actor, form.question())
    status = 422 if request.GET and form.errors else 200
    return render(request, "notifications/explain/simulation.html", context, status=status)
