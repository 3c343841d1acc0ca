"""Pages of the action catalogue."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, NotFound
from core.ui.htmx import SeeOther
from remediation.catalogue.forms import ActionForm, initial_of
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.presets import Preset, presets
from remediation.catalogue.services import change_action, enable_action
from remediation.runs.selectors import action_named, actions_of
from remediation.runs.services.settling import half_open

PAGE: Final = "/remediation/actions"


@require_safe
def actions(request: HttpRequest) -> HttpResponse:
    """GET: all actions with risk and executor."""
    actor = current_actor(request)
    context = {"actions": actions_of(actor), "may_write": allowed(actor, Capability.REMEDIATION_WRITE)}
    return render(request, "remediation/actions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the form of an action. POST: save a new version, 303; 422 with errors and the input."""
    actor = current_actor(request)
    require(actor, Capability.REMEDIATION_WRITE)
    row = action_named(actor, slug)
    preset = presets().get(request.GET.get("preset", ""))
    form = ActionForm(request.POST) if request.method == "POST" else ActionForm(initial=_initial(row, preset))
    if request.method == "POST" and form.is_valid():
        try:
            change_action(actor, slug, fields=form.fields_to_save(), secrets=form.secrets())
        except Invalid as refusal:
            _add_faults(form, refusal)
        else:
            messages.success(request, f"{row.name} saved")
            return SeeOther(PAGE)
    context = {
        "action": row,
        "form": form,
        "has_secrets": bool(row.secrets),
        "presets": presets().values(),
        "preset": preset if request.method != "POST" else None,
    }
    return render(request, "remediation/action.html", context, status=422 if form.errors else 200)


def _initial(row: RemediationAction, preset: Preset | None) -> dict[str, Any]:
    """Initial values: the action, or with the settings of a preset."""
    found = initial_of(row)
    return found | {"executor": "webhook", "config": dict(preset.config)} if preset else found


def _add_faults(form: ActionForm, refusal: Invalid) -> None:
    for fault in refusal.faults:
        name = fault.field.split(".")[0]
        text = (
            f"{fault.field} {fault.message}."
            if "." in fault.field
            else f"{fault.message[:1].upper()}{fault.message[1:]}."
        )
        form.add_error(name if name in form.fields else None, text)


@require_POST
def switch(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """POST: enable or disable an action, or allow one automatic run; 303."""
    actor = current_actor(request)
    if verb == "try-again":
        half_open(actor, slug)
        messages.success(request, "The next automatic run is allowed as a trial")
        return SeeOther("/remediation")
    if verb != "switch":
        raise NotFound("Page not found, or you don't have access.")
    row = enable_action(actor, slug, is_enabled=request.POST.get("enabled") == "1")
    messages.success(request, f"{row.name} {'enabled' if row.is_enabled else 'disabled'}")
    return SeeOther(PAGE)
