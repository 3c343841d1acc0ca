"""Page of stakeholder update templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.htmx import SeeOther
from incidents.timeline.services.templates import change_update_template, update_templates_of
from incidents.timeline.update_templates import STANDARD, UpdateTemplate

PAGE: Final = "/settings/update-templates"


@require_http_methods(["GET", "HEAD", "POST"])
def update_templates(request: HttpRequest) -> HttpResponse:
    """GET: every template. POST: save one, or `reset` it; 303, or 422."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    if request.method != "POST":
        return _page(request, actor.workspace_id)
    name = request.POST.get("name", "")
    given = {"label": request.POST.get("label", ""), "text": request.POST.get("text", "")}
    if "reset" in request.POST and name in STANDARD:
        given = {"label": STANDARD[name].label, "text": STANDARD[name].text}
    try:
        made = change_update_template(actor, name=name, **given)
    except Invalid as refusal:
        return _page(request, actor.workspace_id, typed=request.POST, fault=refusal, status=422)
    messages.success(request, f"{made.label} saved.")
    return SeeOther(f"{PAGE}#{name}")


def _page(
    request: HttpRequest,
    workspace_id: int,
    *,
    typed: Mapping[str, str] | None = None,
    fault: Invalid | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = update_templates_of(workspace_id)
    context = {
        "templates": [_row(name, one, typed or {}) for name, one in shown.items()],
        "faults": [f"{one.field}: {one.message}" for one in fault.faults] if fault else [],
        "nav_current": "/settings",
        "menu_current": PAGE,
    }
    return render(request, "incidents/timeline/update_templates.html", context, status=status)


def _row(name: str, one: UpdateTemplate, typed: Mapping[str, str]) -> dict[str, Any]:
    is_typed = typed.get("name") == name
    return {
        "name": name,
        "label": typed.get("label", "") if is_typed else one.label,
        "text": typed.get("text", "") if is_typed else one.text,
        "is_changed": one != STANDARD[name],
    }
