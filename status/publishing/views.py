"""Views that publish incidents and maintenance."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from incidents.selectors import incident_for
from status.pages.selectors import components_on, page_of
from status.pages.views import HERE, PAGE
from status.publishing.forms import MaintenanceForm, PublishForm, UpdateForm
from status.publishing.services.incidents import (
    allow_entry,
    post_public_update,
    publish_incident,
    withdraw_incident,
)
from status.publishing.services.maintenance import cancel_maintenance, schedule_maintenance


@require_POST
def publish(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: publish the incident; 303, or 422 with sensitive content."""
    actor, form = _actor_for(request, reference), PublishForm(request.POST)
    if form.is_valid():
        try:
            publish_incident(actor, number=reference, **form.cleaned_data)
        except Conflict as refusal:
            messages.error(request, refusal.detail)
            return _back(reference)
        except Invalid as refusal:
            note_faults(form, refusal)
    if not form.is_valid():
        return _again(request, reference, form, f"/incidents/{reference}/status-page")
    messages.success(request, f"{reference} published on the status page.")
    return _back(reference)


@require_POST
def update(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: post a public update; 303, or 422 with sensitive content."""
    actor, form = _actor_for(request, reference), UpdateForm(request.POST)
    if form.is_valid():
        try:
            post_public_update(actor, number=reference, **form.cleaned_data)
        except Conflict as refusal:
            messages.error(request, refusal.detail)
            return _back(reference)
        except Invalid as refusal:
            note_faults(form, refusal)
    if not form.is_valid():
        return _again(request, reference, form, f"/incidents/{reference}/status-page/update")
    messages.success(request, "Public update posted.")
    return _back(reference)


@require_POST
def withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """POST: withdraw the incident; 303."""
    actor = _actor_for(request, reference)
    try:
        withdraw_incident(actor, number=reference)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, f"{reference} removed from the status page.")
    return _back(reference)


@require_POST
def allow(request: HttpRequest, reference: str, entry_id: int) -> HttpResponse:
    """POST: publish a held entry; 303."""
    actor = _actor_for(request, reference)
    try:
        allow_entry(actor, number=reference, entry_id=entry_id)
    except Conflict as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, "Entry published.")
    return _back(reference)


@require_http_methods(["GET", "HEAD", "POST"])
def schedule(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: schedule maintenance; 303, or 422. Times are in the viewer's zone."""
    actor = current_actor(request)
    require(actor, Capability.STATUS_PUBLISH)
    page_of(actor)
    form = MaintenanceForm(request.POST if request.method == "POST" else None)
    choices: Any = form.fields["components"]
    choices.choices = [(one.public_id, one.name) for one in components_on(actor)]
    if request.method == "POST" and form.is_valid():
        try:
            schedule_maintenance(actor, **form.cleaned_data)
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, "Maintenance scheduled.")
            return SeeOther(PAGE)
    context = HERE | {"form": styled(form), "title": "Schedule maintenance", "submit": "Schedule maintenance"}
    return render(request, "status/component.html", context, status=422 if form.is_bound else 200)


@require_POST
def cancel(request: HttpRequest, maintenance_id: str) -> HttpResponse:
    """POST: end or cancel maintenance; 303."""
    cancel_maintenance(current_actor(request), public_id=maintenance_id)
    messages.success(request, "Maintenance ended.")
    return SeeOther(PAGE)


def _actor_for(request: HttpRequest, reference: str) -> Actor:
    actor = current_actor(request)
    incident_for(actor, reference)
    require(actor, Capability.STATUS_PUBLISH)
    return actor


def _back(reference: str) -> HttpResponse:
    return SeeOther(f"/incidents/{reference}")


def _again(request: HttpRequest, reference: str, form: Any, action: str) -> HttpResponse:
    context = {"nav_current": "/incidents", "form": styled(form), "reference": reference, "action": action}
    return render(request, "status/refused.html", context, status=422)
