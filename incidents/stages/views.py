"""Page of the stage templates: planned minutes and checklist of each stage."""

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
from incidents.parsing import as_type
from incidents.stages.services.checklists import change_template
from incidents.stages.services.entering import plans_for
from incidents.stages.standard import Plan
from incidents.stages.template_text import items_from, lines_of
from incidents.validation import invalid
from incidents.vocabulary import IncidentType, Stage

PAGE: Final = "/settings/stages"


@require_http_methods(["GET", "HEAD", "POST"])
def stage_templates(request: HttpRequest) -> HttpResponse:
    """GET: every stage, `?type=` for one type. POST: save one; 303, or 422 with the input."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    given = request.POST if request.method == "POST" else request.GET
    chosen = given.get("type", "")
    try:
        kind = as_type(chosen).value if chosen else ""
        if request.method == "POST":
            made = change_template(actor, incident_type=kind, **_read(request.POST))
            messages.success(request, f"{made.get_stage_display()} saved.")
            return SeeOther(f"{PAGE}?type={kind}#stage-{made.stage}")
    except Invalid as refusal:
        return _page(request, actor.workspace_id, "", typed=given, fault=refusal, status=422)
    return _page(request, actor.workspace_id, kind)


def _read(data: Mapping[str, str]) -> dict[str, Any]:
    minutes = {name: _minutes(data, name) for name in ("from_minutes", "to_minutes")}
    return {"stage": data.get("stage", ""), "items": items_from(data.get("items", "")), **minutes}


def _minutes(data: Mapping[str, str], name: str) -> int:
    text = data.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise invalid(name, "value", "must be a whole number of minutes")
    return int(text)


def _page(
    request: HttpRequest,
    workspace_id: int,
    kind: str,
    *,
    typed: Mapping[str, str] | None = None,
    fault: Invalid | None = None,
    status: int = 200,
) -> HttpResponse:
    plans = plans_for(workspace_id, kind)
    context = {
        "stages": [_row(stage, plans[stage], typed) for stage in Stage if stage != Stage.DONE],
        "types": [("", "All other types"), *IncidentType.choices],
        "chosen": typed.get("type", "") if typed is not None else kind,
        "faults": [f"{one.field}: {one.message}" for one in fault.faults] if fault else [],
        "nav_current": "/settings",
        "menu_current": PAGE,
    }
    return render(request, "incidents/stages/templates.html", context, status=status)


def _row(stage: Stage, plan: Plan, typed: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the stored values; for the refused stage the input."""
    if typed is not None and typed.get("stage") == stage.value:
        shown = {name: typed.get(name, "") for name in ("from_minutes", "to_minutes", "items")}
    else:
        shown = {"from_minutes": str(plan.from_minutes), "to_minutes": str(plan.to_minutes)}
        shown["items"] = lines_of(plan.items)
    return {"stage": stage, "rows": max(4, len(plan.items) + 1), **shown}
