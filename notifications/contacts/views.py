"""Page of your own contact methods and quiet hours."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor
from accounts.sign_in.page_authentication import current_actor
from core.errors import NotFound, Problem
from core.ui.forms import styled
from core.ui.htmx import SeeOther
from notifications.contacts.forms import MethodForm, QuietForm
from notifications.contacts.services import (
    add_method,
    methods_of,
    quiet_hours_of,
    remove_method,
    send_code,
    set_quiet_hours,
    verify_method,
)
from notifications.contacts.ways import sends_mail, ways_to

PAGE: Final = "/settings/contacts"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_http_methods(["GET", "HEAD", "POST"])
def contacts(request: HttpRequest) -> HttpResponse:
    """GET: methods and quiet hours. POST: add a method, 303; 422 with errors."""
    actor = current_actor(request)
    if request.method != "POST":
        return _page(request, actor, MethodForm())
    form = MethodForm(request.POST)
    if form.is_valid():
        try:
            method = add_method(actor, **form.cleaned_data)
        except Problem as refusal:
            form.add_error("address", refusal.detail)
        else:
            messages.success(request, f"A code was sent to {method}. Enter it here.")
            return SeeOther(PAGE)
    return _page(request, actor, form, status=422)


@require_POST
def act(request: HttpRequest, method_id: int, verb: str) -> HttpResponse:
    """POST: verify, send a new code, or remove; 303."""
    actor = current_actor(request)
    try:
        messages.success(request, _act(actor, method_id, verb, request.POST.get("code", "")))
    except Problem as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, refusal.detail)
    return SeeOther(PAGE)


def _act(actor: Actor, method_id: int, verb: str, code: str) -> str:
    if verb == "verify":
        return f"{verify_method(actor, method_id=method_id, code=code)} is verified."
    if verb == "code":
        send_code(actor, method_id=method_id)
        return "A new code was sent."
    if verb == "remove":
        remove_method(actor, method_id=method_id)
        return "Contact method removed."
    raise NotFound("A contact method can be verified, sent a code, or removed.")


@require_POST
def quiet(request: HttpRequest) -> HttpResponse:
    """POST: set or clear quiet hours; 303; 422 with errors."""
    actor, form = current_actor(request), QuietForm(request.POST)
    if form.is_valid():
        try:
            set_quiet_hours(actor, **form.cleaned_data)
        except Problem as refusal:
            form.add_error("quiet_until", refusal.detail)
        else:
            messages.success(request, "Quiet hours saved.")
            return SeeOther(PAGE)
    return _page(request, actor, MethodForm(), form, status=422)


def _page(
    request: HttpRequest,
    actor: Actor,
    form: MethodForm,
    quiet_form: QuietForm | None = None,
    status: int = 200,
) -> HttpResponse:
    hours = quiet_hours_of(actor)
    initial = {"quiet_from": hours.quiet_from, "quiet_until": hours.quiet_until} if hours else None
    context: dict[str, Any] = {
        "methods": methods_of(actor),
        "ways": ways_to(actor.workspace_id, actor.user_id or 0),
        "sends_mail": sends_mail(),
        "form": styled(form),
        "quiet_form": styled(quiet_form or QuietForm(initial=initial)),
    }
    return render(request, "notifications/contacts.html", HERE | context, status=status)
