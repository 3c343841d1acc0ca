"""Route pages: list with a preview, create, edit, delete."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from incidents.vocabulary import IncidentType, Severity
from notifications.channels.selectors import channels_for
from notifications.routes.decision import DEFAULT_RULES, EVENT_KINDS, Rule
from notifications.routes.forms import PreviewForm, RouteForm
from notifications.routes.models import Route
from notifications.routes.preview import preview
from notifications.routes.selectors import as_rule, route_for, routes_for
from notifications.routes.services import customize_routes, delete_route, save_route

PAGE: Final = "/settings/routes"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_safe
def routes(request: HttpRequest) -> HttpResponse:
    """GET: the routes in effect, and who would be notified of the incident described by the query."""
    actor = current_actor(request)
    own = routes_for(actor)
    form = PreviewForm(request.GET if request.GET else {"severity": "sev1", "event_kind": "incident.opened"})
    wanted = form.cleaned_data if form.is_valid() else {"severity": "sev1"}
    components = [word.strip() for word in wanted.pop("components", "").split(",") if word.strip()]
    rules: list[tuple[Route | None, Rule]] = [(route, as_rule(route)) for route in own]
    rules += [] if own else [(None, rule) for rule in DEFAULT_RULES]
    context = {
        "rules": rules,
        "is_default": not own,
        "event_names": EVENT_KINDS,
        "form": styled(form),
        "notified": preview(actor, components=components, **wanted),
        "may_write": allowed(actor, Capability.CHANNELS_WRITE),
        "names": {channel.pk: channel.name for channel in channels_for(actor)},
    }
    return render(request, "notifications/routes.html", HERE | context)


@require_POST
def customize(request: HttpRequest) -> HttpResponse:
    """POST: copy the default routes to the workspace; 303."""
    customize_routes(current_actor(request))
    messages.success(request, "Default routes copied; you can change them now.")
    return SeeOther(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, route_id: int | None = None) -> HttpResponse:
    """GET: the form. POST: 303; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.CHANNELS_WRITE)
    route = route_for(actor, route_id) if route_id is not None else None
    channels = [(str(channel.pk), channel.name) for channel in channels_for(actor)]
    if request.method == "POST":
        form = RouteForm(channels, request.POST)
        if form.is_valid():
            try:
                saved = save_route(actor, form.route_values(), route_id=route_id)
            except Invalid as refusal:
                note_faults(form, refusal)
            else:
                messages.success(request, f"Route {saved.name} saved.")
                return SeeOther(PAGE)
    else:
        form = RouteForm(channels, initial=RouteForm.initial_of(route) if route else None)
    context = {"form": styled(form), "route": route, "severities": Severity, "types": IncidentType}
    status = 422 if request.method == "POST" else 200
    return render(request, "notifications/route_form.html", HERE | context, status=status)


@require_POST
def delete(request: HttpRequest, route_id: int) -> HttpResponse:
    """POST: 303."""
    delete_route(current_actor(request), route_id=route_id)
    messages.success(request, "Route deleted.")
    return SeeOther(PAGE)
