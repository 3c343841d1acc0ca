"""Mitigate pages: recommended actions of incidents, dry run, run, and request for approval."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, NotFound, Problem
from core.ui.htmx import SeeOther
from incidents.bulk.picks import picks_in
from incidents.models import Incident
from incidents.selectors import incident_for
from incidents.validation import invalid
from remediation.runs import selectors
from remediation.runs.forms import ArgumentsForm
from remediation.runs.selectors import Recommendation
from remediation.runs.services.proposing import Request, request_run
from remediation.runs.snapshot import main_component, parameters_of, preview_of

MAX_MANY: Final = 20


@require_http_methods(["GET", "HEAD", "POST"])
def mitigate(request: HttpRequest) -> HttpResponse:
    """GET: actions for `?incident=`; `&action=`: its dry run. POST: request it; 303 to the run."""
    actor = current_actor(request)
    require(actor, Capability.REMEDIATION_RUN)
    given = request.POST if request.method == "POST" else request.GET
    incident = incident_for(actor, given.get("incident", ""))
    slug = given.get("action", "")
    if request.method == "POST":
        return _requested(request, actor, incident, slug)
    plan = selectors.plan_for(actor, incident)
    context: dict[str, Any] = {"incident": incident, "plan": plan, "chosen": None}
    if slug:
        context |= _chosen(incident, _recommendation(plan, slug), given)
    return render(request, "remediation/mitigate.html", context)


def _recommendation(plan: selectors.Plan, slug: str) -> Recommendation:
    one = next((one for one in plan.recommendations if one.action.slug == slug), None)
    if one is None:
        raise NotFound("There is no such action, or it is disabled.")
    return one


def _chosen(incident: Incident, one: Recommendation, given: QueryDict) -> dict[str, Any]:
    """Context of the chosen action: its dry run, or the form of its parameters."""
    component = main_component(incident)
    found: dict[str, Any] = {"chosen": one, "component": component, "preview": "", "fault": ""}
    try:
        form = ArgumentsForm(parameters_of(one.action), given)
        if form.fields and not form.is_valid():
            return found | {"arguments": form}
        values = form.cleaned_data if form.fields else {}
        return found | {"preview": preview_of(one.action, component, values), "values": values}
    except Problem as problem:
        return found | {"fault": problem.detail}


def _requested(request: HttpRequest, actor: Actor, incident: Incident, slug: str) -> HttpResponse:
    action = _recommendation(selectors.plan_for(actor, incident), slug).action
    form = ArgumentsForm(parameters_of(action), request.POST)
    if form.fields and not form.is_valid():
        raise Invalid(f"{action.name}: {_first_fault(form)} Nothing was started.")
    values = form.cleaned_data if form.fields else {}
    key = request.POST.get("request_key", "")[:100]
    wanted = Request(slug, arguments=values, request_key=f"{slug}:{key}" if key else "")
    run = request_run(actor, incident.number, wanted)
    messages.success(request, f"{run.action.name}: {run.get_state_display().lower()}.")
    return SeeOther(f"/remediation/runs/{run.pk}")


def _first_fault(form: ArgumentsForm) -> str:
    name, faults = next(iter(form.errors.items()), ("", ["Parameters are missing."]))
    return f"{name}: {faults[0]}".removeprefix(": ")


@require_http_methods(["GET", "HEAD", "POST"])
def mitigate_many(request: HttpRequest) -> HttpResponse:
    """POST from the bulk bar: 303 to the page. GET: recommended actions of each selected incident."""
    actor = current_actor(request)
    require(actor, Capability.REMEDIATION_RUN)
    if request.method == "POST":
        picked = [("incident", f"INC-{pick.number}") for pick in picks_in(request.POST)]
        return SeeOther(f"/remediation/many?{urlencode(picked)}")
    references = list(dict.fromkeys(request.GET.getlist("incident")))
    if not references:
        raise invalid("incident", "required", "must name an incident: select at least one")
    if len(references) > MAX_MANY:
        raise invalid("incident", "max_items", f"must be at most {MAX_MANY}, not {len(references)}")
    found = [incident_for(actor, reference) for reference in references]
    plans = [(one, selectors.plan_for(actor, one)) for one in found]
    return render(request, "remediation/many.html", {"plans": plans})
