"""Settings pages of the status page and its components."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor
from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from status.pages.forms import ComponentForm, PageForm
from status.pages.selectors import component_on, components_on, page_or_none
from status.pages.services.components import add_component, change_component, remove_component
from status.pages.services.pages import delete_page, put_page
from status.publishing.drift_reading import drifts_for
from status.publishing.selectors import maintenance_on, windows_on
from status.subscriptions.selectors import subscribers_of
from status.subscriptions.services.subscribing import remove_subscriber

PAGE: Final = "/settings/status-page"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """GET: the content of the page, for managers with its settings. POST: save; 303, or 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.STATUS_PUBLISH)
    if request.method != "POST":
        return _settings(request, actor, PageForm(page=page_or_none(actor)))
    require(actor, Capability.STATUS_WRITE)
    form = PageForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            put_page(actor, values=form.values())
        except Invalid as refusal:
            note_faults(form, refusal)
    if not form.is_valid():
        return _settings(request, actor, form, status=422)
    messages.success(request, "Status page saved.")
    return SeeOther(PAGE)


@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """POST: delete the page; 303."""
    delete_page(current_actor(request))
    messages.success(request, "Status page deleted.")
    return SeeOther(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """GET: the form of a new component. POST: add it; 303, or 422."""
    actor = current_actor(request)
    require(actor, Capability.STATUS_WRITE)
    form = ComponentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            add_component(actor, values=form.cleaned_data)
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, "Component created.")
            return SeeOther(PAGE)
    return _component_page(request, form, {"title": "New component", "submit": "Create component"})


@require_http_methods(["GET", "HEAD", "POST"])
def component(request: HttpRequest, component_id: str) -> HttpResponse:
    """GET: the form of a component. POST: change it; 303, or 422."""
    actor = current_actor(request)
    require(actor, Capability.STATUS_WRITE)
    row = component_on(actor, component_id)
    form = ComponentForm(request.POST) if request.method == "POST" else ComponentForm(row=row)
    if request.method == "POST" and form.is_valid():
        try:
            change_component(actor, public_id=component_id, values=form.cleaned_data)
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, f"{row.name} saved.")
            return SeeOther(PAGE)
    return _component_page(request, form, {"title": row.name, "row": row})


@require_POST
def remove(request: HttpRequest, component_id: str) -> HttpResponse:
    """POST: remove a component from the page; 303."""
    remove_component(current_actor(request), public_id=component_id)
    messages.success(request, "Component removed.")
    return SeeOther(PAGE)


@require_POST
def unsubscribe(request: HttpRequest, subscriber_id: UUID) -> HttpResponse:
    """POST: delete a subscriber; 303."""
    remove_subscriber(current_actor(request), public_id=str(subscriber_id))
    messages.success(request, "Subscriber removed.")
    return SeeOther(PAGE)


def _settings(request: HttpRequest, actor: Actor, form: BaseForm, *, status: int = 200) -> HttpResponse:
    present = page_or_none(actor)
    may_write = allowed(actor, Capability.STATUS_WRITE)
    context: dict[str, Any] = HERE | {"form": styled(form), "page": present, "may_write": may_write}
    if present is not None:
        context |= {
            "components": components_on(actor),
            "maintenance": maintenance_on(actor),
            "windows": windows_on(actor, now=timezone.now()),
            "subscribers": subscribers_of(actor) if may_write else [],
            "drifts": drifts_for(actor, timezone.now()),
            "now": timezone.now(),
            "has_mail": bool(settings.MAIL_FROM),
        }
    return render(request, "status/settings.html", context, status=status)


def _component_page(request: HttpRequest, form: BaseForm, context: dict[str, Any]) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "status/component.html", HERE | context | {"form": styled(form)}, status=status)
