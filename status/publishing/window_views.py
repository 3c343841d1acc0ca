"""Pages to publish or hide maintenance windows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from status.pages.selectors import components_on, page_of
from status.pages.views import HERE, PAGE
from status.publishing.forms import WindowForm
from status.publishing.selectors import window_on
from status.publishing.services.windows import hide_window, show_window


@require_http_methods(["GET", "HEAD", "POST"])
def window(request: HttpRequest, window_id: int) -> HttpResponse:
    """GET: the form. POST: publish the window's occurrences; 303, or 422."""
    actor = current_actor(request)
    require(actor, Capability.STATUS_PUBLISH)
    page_of(actor)
    row = window_on(actor, window_id, now=timezone.now())
    initial = {} if row.shown is None else {
        "title": row.shown.public_title,
        "components": [one.public_id for one in row.shown.components.all()],
    }  # fmt: skip
    form = WindowForm(request.POST if request.method == "POST" else None, initial=initial)
    choices: Any = form.fields["components"]
    choices.choices = [(one.public_id, one.name) for one in components_on(actor)]
    if request.method == "POST" and form.is_valid():
        try:
            show_window(actor, window_id=window_id, **form.cleaned_data)
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, f"{row.window.name} published on the status page.")
            return SeeOther(PAGE)
    context = HERE | {
        "form": styled(form),
        "title": f"Publish {row.window.name}",
        "submit": "Publish",
        "shown": row,
    }
    return render(request, "status/component.html", context, status=422 if form.is_bound else 200)


@require_POST
def hide(request: HttpRequest, window_id: int) -> HttpResponse:
    """POST: hide the window; 303."""
    hide_window(current_actor(request), window_id=window_id)
    messages.success(request, "Window hidden from the status page.")
    return SeeOther(PAGE)
