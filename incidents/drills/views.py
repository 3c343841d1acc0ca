"""Pages of drills: the list with its form, one drill with its participants and score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, NotFound, Problem
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from incidents.drills.models import Drill
from incidents.drills.score import points
from incidents.drills.selectors import drill_for, drills_of, participants_in, score_of
from incidents.drills.services import (
    DrillValues,
    cancel_drill,
    join_drill,
    leave_drill,
    plan_drill,
    start_drill,
)
from incidents.vocabulary import IncidentType, Severity

PAGE: Final = "/drills"


class DrillForm(forms.Form):
    """A drill to plan."""

    title = forms.CharField(label="Title", max_length=200)
    incident_type = forms.ChoiceField(
        label="Type", choices=IncidentType.choices, initial=IncidentType.SERVICE_DOWN
    )
    severity = forms.ChoiceField(
        label="Severity", choices=[("", "Usual for the type"), *Severity.choices], required=False
    )
    component = forms.CharField(label="Component", max_length=200, required=False)
    brief = forms.CharField(
        label="Scenario",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What participants see when the drill starts.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def drills(request: HttpRequest) -> HttpResponse:
    """GET: the drills. POST: plan one; 303 to it; 422 with the faults."""
    actor = current_actor(request)
    form = DrillForm(request.POST or None)
    if request.method == "POST":
        require(actor, Capability.INCIDENTS_WRITE)
        if form.is_valid() and (made := _planned(actor, form)) is not None:
            messages.success(request, f"{made.title} planned. Join it, then start it.")
            return SeeOther(f"{PAGE}/{made.pk}")
    context = {
        "drills": drills_of(actor),
        "form": styled(form),
        "may_write": allowed(actor, Capability.INCIDENTS_WRITE),
    }
    return render(request, "drills/drills.html", context, status=422 if request.method == "POST" else 200)


def _planned(actor: Actor, form: DrillForm) -> Drill | None:
    try:
        return plan_drill(actor, DrillValues(**form.cleaned_data))
    except Invalid as refusal:
        note_faults(form, refusal)
        return None


@require_safe
def drill_page(request: HttpRequest, drill_id: int) -> HttpResponse:
    """GET: a drill, its participants, and its score."""
    actor = current_actor(request)
    drill = drill_for(actor, drill_id)
    people = participants_in(drill)
    card = score_of(drill.incident) if drill.incident else []
    context: dict[str, Any] = {
        "drill": drill,
        "people": people,
        "card": card,
        "points": points(card),
        "has_joined": any(one.user_id == actor.user_id for one in people),
        "may_write": allowed(actor, Capability.INCIDENTS_WRITE) and actor.user_id is not None,
    }
    return render(request, "drills/drill.html", context)


VERBS: Final[dict[str, tuple[Callable[[Actor, int], Drill], str]]] = {
    "join": (join_drill, "You joined {}."),
    "leave": (leave_drill, "You left {}."),
    "start": (start_drill, "{} started."),
    "cancel": (cancel_drill, "{} cancelled."),
}


@require_POST
def act(request: HttpRequest, drill_id: int, verb: str) -> HttpResponse:
    """POST: join, leave, start or cancel a drill; 303 back to it, also when refused."""
    actor = current_actor(request)
    if verb not in VERBS:
        raise NotFound("There is no such action on a drill.")
    drill_for(actor, drill_id)
    service, words = VERBS[verb]
    try:
        drill = service(actor, drill_id)
    except Problem as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, words.format(drill.title))
    return SeeOther(f"{PAGE}/{drill_id}")
