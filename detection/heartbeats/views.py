"""The URL that jobs call, and the pages of heartbeat monitors."""

from __future__ import annotations

from typing import Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from accounts.tokens.credentials import digest
from core.errors import Conflict, Invalid, NotFound
from core.rate_limit.limiter import Limit, rate_limiter
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from detection.heartbeats.selectors import address_of, heartbeat_by_key, heartbeat_for, heartbeats_of
from detection.heartbeats.services.beating import record_beat
from detection.heartbeats.services.heartbeats import (
    HeartbeatValues,
    create_heartbeat,
    delete_heartbeat,
    set_paused,
    update_heartbeat,
)
from incidents.vocabulary import Severity

PAGE: Final = "/heartbeats"
MAX_BEATS_PER_MINUTE: Final = 60


class HeartbeatForm(forms.Form):
    """A monitor, new or changed."""

    name = forms.CharField(label="Name", max_length=120)
    period_s = forms.IntegerField(label="Period in seconds", min_value=30, initial=3600)
    grace_s = forms.IntegerField(label="Grace in seconds", min_value=0, initial=300)
    component = forms.CharField(
        label="Component", max_length=200, required=False, help_text="Empty: the heartbeat's name."
    )
    severity = forms.ChoiceField(label="Severity", choices=Severity.choices, initial=Severity.SEV2)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def ping(request: HttpRequest, key: str) -> HttpResponse:
    """GET or POST: record a beat.

    404 for an unknown key, 429 beyond 60 a minute, 503 without the database.
    """
    key = key[:100]
    rate_limiter().charge(Limit(f"beat:{digest(key)[:16]}", MAX_BEATS_PER_MINUTE, 60, "beats a minute"))
    found = heartbeat_by_key(key)
    beaten = record_beat(found.workspace_id, found.pk, now=timezone.now())
    response = JsonResponse({"status": beaten.status, "name": beaten.name})
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def heartbeats(request: HttpRequest) -> HttpResponse:
    """GET: the monitors. POST: create one; 303; 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.SOURCES_READ)
    form = HeartbeatForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_heartbeat(actor, HeartbeatValues(**form.cleaned_data))
        except Invalid as refusal:
            note_faults(form, refusal)
        except Conflict as conflict:
            form.add_error(None, conflict.detail)
        else:
            messages.success(request, f"{made.name} created. Call its URL after each run of the job.")
            return SeeOther(PAGE)
    context = {
        "heartbeats": [(one, address_of(actor, one)) for one in heartbeats_of(actor)],
        "form": styled(form),
        "may_write": allowed(actor, Capability.SOURCES_WRITE),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "detection/heartbeats.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def heartbeat(request: HttpRequest, heartbeat_id: int) -> HttpResponse:
    """GET: the form of a monitor. POST: change it; 303; 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.SOURCES_WRITE)
    shown = heartbeat_for(actor, heartbeat_id)
    stored = {name: getattr(shown, name) for name in HeartbeatForm.base_fields}
    form = HeartbeatForm(request.POST or None, initial=stored)
    if request.method == "POST" and form.is_valid():
        try:
            update_heartbeat(actor, heartbeat_id, **form.cleaned_data)
        except Invalid as refusal:
            note_faults(form, refusal)
        except Conflict as conflict:
            form.add_error(None, conflict.detail)
        else:
            messages.success(request, "Heartbeat saved. Its URL is unchanged.")
            return SeeOther(PAGE)
    status = 422 if request.method == "POST" else 200
    context = {"form": styled(form), "heartbeat": shown}
    return render(request, "detection/heartbeat.html", context, status=status)


@require_POST
def act(request: HttpRequest, heartbeat_id: int, verb: str) -> HttpResponse:
    """POST: pause, resume or delete; 303."""
    actor = current_actor(request)
    if verb == "delete":
        delete_heartbeat(actor, heartbeat_id)
    elif verb in {"pause", "resume"}:
        set_paused(actor, heartbeat_id, paused=verb == "pause")
    else:
        raise NotFound("There is no such action.")
    done = {"delete": "deleted", "pause": "paused", "resume": "resumed"}[verb]
    messages.success(request, f"Heartbeat {done}.")
    return SeeOther(PAGE)
