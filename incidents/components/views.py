"""Component pages: list, detail, add, edit, archive."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.ui.htmx import done, go_to, wants_fragment
from core.ui.htmx import render as render_part
from incidents.components.filters import TIER_CHOICES, parse_component_filter
from incidents.components.forms import ComponentForm
from incidents.components.selectors import component_for
from incidents.components.services.editing import create_component, edit_component
from incidents.models import Component
from incidents.overview.health import Standing

HOME = "/components"


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """GET /components: the catalogue, affected components first."""
    actor = current_actor(request)
    parse_component_filter(request.GET)  # raises Invalid naming the parameter
    context = {
        "standings": [(word.value, word.value.title()) for word in Standing],
        "tiers": TIER_CHOICES,
        "may_edit": allowed(actor, Capability.COMPONENTS_WRITE),
    }
    return render(request, "incidents/components/list.html", context)


@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """GET /components/7: one component."""
    actor = current_actor(request)
    component = component_for(actor, pk=pk)
    return render(request, "incidents/components/component.html", {"component": component})


@require_safe
def by_name(request: HttpRequest, name: str) -> HttpResponse:
    """GET /components/<name>: redirect to the page of the component with that name."""
    component = component_for(current_actor(request), name=name)
    return go_to(request, f"{HOME}/{component.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: a new component; 303 to its page, 422 with the faults and the input."""
    actor = current_actor(request)
    require(actor, Capability.COMPONENTS_WRITE)
    if request.method != "POST":
        return _page(request, ComponentForm(actor=actor))
    form = ComponentForm(request.POST, actor=actor)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        made = create_component(actor, name=form.cleaned_data["name"], wanted=form.wanted)
    except Invalid as fault:
        _note_faults(form, fault)
        return _page(request, form, status=422)
    return go_to(request, f"{HOME}/{made.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the form. POST: change it; 303, 409 or 422 with the faults and the input."""
    actor = current_actor(request)
    require(actor, Capability.COMPONENTS_WRITE)
    component = component_for(actor, pk=pk)
    if request.method != "POST":
        return _page(request, ComponentForm(actor=actor, component=component), component)
    form = ComponentForm(request.POST, actor=actor, component=component)
    if not form.is_valid():
        return _page(request, form, component, status=422)
    try:
        edit_component(actor, component_id=pk, wanted=form.wanted, version=form.cleaned_data["version"])
    except Conflict as conflict:
        return _overtaken(request, actor, component, conflict)
    except Invalid as fault:
        _note_faults(form, fault)
        return _page(request, form, component, status=422)
    return _done(request, f"{component.name} saved.", component)


@require_POST
def archive_component(request: HttpRequest, pk: int) -> HttpResponse:
    """POST /components/7/archive: hide it from lists and pickers, or with `archived=no` show it again."""
    actor = current_actor(request)
    is_archived = request.POST.get("archived") != "no"
    component = edit_component(actor, component_id=pk, wanted={"archived": is_archived})
    return _done(request, f"{component.name} is {'archived' if is_archived else 'back'}.", component)


def _page(
    request: HttpRequest,
    form: ComponentForm,
    component: Component | None = None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    back = f"{HOME}/{component.pk}" if component else HOME
    address = f"{back}/edit" if component else f"{HOME}/new"
    context = {"form": form.styled(), "component": component, "address": address, "back": back, **more}
    response = render_part(request, "incidents/components/form.html", context, part="form", status=status)
    if status >= 400 and wants_fragment(request):
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog-body", "innerHTML"
    return response


def _overtaken(request: HttpRequest, actor: Actor, component: Component, conflict: Conflict) -> HttpResponse:
    """Show the conflict with the input; submitting again applies it to the current version."""
    data = request.POST.copy()
    data["version"] = str(component_for(actor, pk=component.pk).version)
    form = ComponentForm(data, actor=actor, component=component)
    return _page(request, form, component, status=409, conflict=conflict)


def _note_faults(form: ComponentForm, fault: Invalid) -> None:
    for one in fault.faults:
        words = f"{one.message[:1].upper()}{one.message[1:]}."
        form.add_error(one.field if one.field in form.fields else None, words)


def _done(request: HttpRequest, message: str, component: Component) -> HttpResponse:
    topics = ("components", f"component:{component.pk}")
    return done(request, message, url=f"{HOME}/{component.pk}", topics=topics)
