"""Pages of five whys and lessons."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.selectors import members_of
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.htmx import done
from incidents.models import Incident
from incidents.selectors import incident_for
from postmortems.learning import lessons as lesson_service
from postmortems.learning import services
from postmortems.learning.models import Priority
from postmortems.learning.selectors import (
    MAX_LISTED,
    factor_nodes_of,
    five_whys_of,
    lesson_categories,
    lessons_page,
)
from postmortems.learning.tree import why_steps

NAV: Final = {"nav_current": "/postmortems"}


@require_http_methods(["GET", "HEAD", "POST"])
def five_whys_page(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: the five whys of an incident. POST: add a why or a factor; 303, 422 with the error."""
    actor = current_actor(request)
    incident = incident_for(actor, reference)
    if request.method != "POST":
        return _five_whys_page(request, actor, incident)
    given = request.POST
    try:
        if given.get("factor"):
            services.add_factor(actor, reference, factor=given["factor"])
        else:
            services.add_why(
                actor, reference,
                question=given.get("question", ""), answer=given.get("answer", ""),
                answered_by=given.get("answered_by") or None, **_place(given),
            )  # fmt: skip
    except Invalid as fault:
        return _five_whys_page(request, actor, incident, status=422, fault=fault)
    return done(request, "Added.", url=f"/postmortems/{incident.reference}/five-whys#next-why")


def _place(given: QueryDict) -> dict[str, Any]:
    """Position of a new why: below the previous answer, or as its sibling."""
    if given.get("is_branch"):
        above = _number(given.get("beside", ""))
        return {"parent": above, "beside": above is None}
    return {"parent": _number(given.get("parent", ""))}


@require_POST
def why(request: HttpRequest, reference: str, node_id: int) -> HttpResponse:
    """POST: answer a why, mark it as a root cause or not, or remove it; 303, 422 with the error."""
    actor, given = current_actor(request), request.POST
    incident = incident_for(actor, reference)
    url = f"/postmortems/{incident.reference}/five-whys"
    if given.get("verb") == "remove":
        services.remove_why(actor, reference, node_id)
        return done(request, "Why removed, with everything below it.", url=url)
    wanted: dict[str, Any] = {name: given[name] for name in ("question", "answer") if name in given}
    if given.get("verb") in ("root", "not-root"):
        wanted["is_root_cause"] = given["verb"] == "root"
    if given.get("answered_by"):
        wanted["answered_by"] = given["answered_by"]
    try:
        services.answer_why(actor, reference, node_id, **wanted)
    except Invalid as fault:
        return _five_whys_page(request, actor, incident, status=422, fault=fault, typed_at=node_id)
    return done(request, "Saved.", url=url)


def _five_whys_page(
    request: HttpRequest,
    actor: Actor,
    incident: Incident,
    *,
    status: int = 200,
    fault: Invalid | None = None,
    typed_at: int | None = None,
) -> HttpResponse:
    """The page; after an error with the input, in the why `typed_at` or in the form for the next one."""
    nodes = factor_nodes_of(incident)
    steps = why_steps(nodes)
    context = {
        **NAV,
        "incident": incident,
        "analysis": five_whys_of(actor, incident),
        "steps": steps,
        "factors": [node for node in nodes if node.kind == node.Kind.CONTRIBUTING_FACTOR],
        "first_question": f"Why did “{incident.title}” happen?",
        "last": steps[-1].node if steps else None,
        "people": [member.user for member in members_of(actor)],
        "may_write": allowed(actor, Capability.POSTMORTEMS_WRITE),
        "fault": fault,
        "typed": request.POST if fault and typed_at is None else {},
        "retyped": request.POST.get("answer", "") if fault else "",
        "typed_at": typed_at,
    }
    return render(request, "postmortems/learning/five_whys.html", context, status=status)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 18 else None


@require_safe
def lessons(request: HttpRequest) -> HttpResponse:
    """GET /lessons: search by text, category, priority and incident."""
    actor, query = current_actor(request), request.GET
    named = query.get("incident", "")
    incident = incident_for(actor, named) if named else None
    priority = query.get("priority", "")
    wanted = {
        "text": query.get("text", "").replace("\0", "")[:200],
        "category": query.get("category", "").replace("\0", "")[:60],
        "priority": priority if priority in Priority.values else "",
    }
    rows = lessons_page(actor, incident=incident, **wanted)
    context = {
        "nav_current": "/lessons", "rows": rows, "wanted": wanted, "incident": incident,
        "categories": lesson_categories(actor), "priorities": Priority.choices, "max": MAX_LISTED,
        "may_write": allowed(actor, Capability.POSTMORTEMS_WRITE),
    }  # fmt: skip
    return render(request, "postmortems/learning/lessons.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, reference: str) -> HttpResponse:
    """GET: the form of a lesson. POST: add it; 303, 422 with the error."""
    actor, given = current_actor(request), request.POST
    require(actor, Capability.POSTMORTEMS_WRITE)
    incident = incident_for(actor, reference)
    context: dict[str, Any] = {**NAV, "incident": incident, "priorities": Priority.choices, "given": given}
    context["categories"] = lesson_categories(actor)
    if request.method != "POST":
        return render(request, "postmortems/learning/lesson_form.html", context)
    try:
        lesson_service.add_lesson(
            actor, reference,
            lesson=given.get("lesson", ""), priority=given.get("priority", "medium"),
            category=given.get("category", ""),
        )  # fmt: skip
    except Invalid as fault:
        return render(
            request, "postmortems/learning/lesson_form.html", {**context, "fault": fault}, status=422
        )
    return done(request, "Lesson created.", url=f"/postmortems/{incident.reference}#lessons")


@require_POST
def remove(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """POST: remove a lesson; 303 to the list."""
    lesson_service.remove_lesson(current_actor(request), lesson_id)
    return done(request, "Lesson deleted.", url="/lessons")
