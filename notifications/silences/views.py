"""Pages of silences and maintenance windows."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Capability, allowed, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther
from notifications.silences.forms import SilenceForm, WindowForm
from notifications.silences.selectors import silence_for, silences_of, window_for, windows_of
from notifications.silences.services.silences import create_silence, end_silence, update_silence
from notifications.silences.services.windows import delete_window, save_window

PAGE: Final = "/settings/silences"
WINDOWS: Final = "/settings/maintenance"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}
MAX_PREFILL: Final = 200


@require_safe
def silences(request: HttpRequest) -> HttpResponse:
    """GET: active silences, and those that ended recently."""
    actor = current_actor(request)
    context = {
        "silences": silences_of(actor),
        "ended": silences_of(actor, ended=True)[:20],
        "may_write": allowed(actor, Capability.SILENCES_WRITE),
    }
    return render(request, "notifications/silences/silences.html", HERE | context)


@require_http_methods(["GET", "HEAD", "POST"])
def new_silence(request: HttpRequest) -> HttpResponse:
    """GET: the form, prefilled by `incident` or `component`. POST: 303; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.SILENCES_WRITE)
    form = SilenceForm(request.POST) if request.method == "POST" else SilenceForm(initial=_prefill(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = create_silence(actor, form.values())
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, f"Silenced until {made.ends_at:%Y-%m-%d %H:%M} UTC at the latest.")
            return SeeOther(PAGE)
    status = 422 if request.method == "POST" else 200
    context = {
        "form": styled(form),
        "title": "New silence",
        "submit": "Create silence",
        "address": f"{PAGE}/new",
        "back": PAGE,
    }
    return render(request, "notifications/silences/form.html", HERE | context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def silence(request: HttpRequest, silence_id: int) -> HttpResponse:
    """GET: the form of an active silence. POST: 303; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.SILENCES_WRITE)
    shown = silence_for(actor, silence_id)
    form = SilenceForm(request.POST or None, silence=shown)
    if request.method == "POST" and form.is_valid():
        try:
            update_silence(actor, silence_id, **form.changes())
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            messages.success(request, "Silence changed. Incidents it no longer covers are notified once.")
            return SeeOther(PAGE)
    status = 422 if request.method == "POST" else 200
    address = f"{PAGE}/{shown.pk}"
    context = {"form": styled(form), "title": "Change silence", "address": address, "back": PAGE}
    return render(request, "notifications/silences/form.html", HERE | context, status=status)


def _prefill(request: HttpRequest) -> dict[str, str]:
    for name in ("incident", "component"):
        if value := request.GET.get(name, "")[:MAX_PREFILL].strip():
            return {"matchers": f"{name} = {value}", "ends": "resolved" if name == "incident" else "60"}
    return {}


@require_POST
def end(request: HttpRequest, silence_id: int) -> HttpResponse:
    """POST: end it and notify of unresolved incidents; 303."""
    end_silence(current_actor(request), silence_id)
    messages.success(request, "Silence ended. Unresolved incidents are notified once.")
    return SeeOther(PAGE)


@require_safe
def windows(request: HttpRequest) -> HttpResponse:
    """GET: the maintenance windows with their next occurrences."""
    actor = current_actor(request)
    context: dict[str, Any] = {
        "menu_current": WINDOWS,
        "windows": windows_of(actor, now=timezone.now()),
        "may_write": allowed(actor, Capability.SILENCES_WRITE),
    }
    return render(request, "notifications/silences/windows.html", HERE | context)


@require_http_methods(["GET", "HEAD", "POST"])
def window(request: HttpRequest, window_id: int | None = None) -> HttpResponse:
    """GET: the form. POST: 303; 422 with errors."""
    actor = current_actor(request)
    require(actor, Capability.SILENCES_WRITE)
    shown = window_for(actor, window_id) if window_id is not None else None
    if request.method == "POST":
        form = WindowForm(request.POST)
        if form.is_valid():
            try:
                saved = save_window(actor, form.values(), window_id=window_id)
            except Invalid as refusal:
                note_faults(form, refusal)
            else:
                messages.success(request, f"{saved.name} saved.")
                return SeeOther(WINDOWS)
    else:
        form = WindowForm(initial=WindowForm.initial_of(shown) if shown else None)
    context = {
        "menu_current": WINDOWS,
        "form": styled(form),
        "window": shown,
        "title": shown.name if shown else "New maintenance window",
        "submit": "Save" if shown else "Create window",
        "address": f"{WINDOWS}/{shown.pk}" if shown else f"{WINDOWS}/new",
        "back": WINDOWS,
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "notifications/silences/form.html", HERE | context, status=status)


@require_POST
def delete(request: HttpRequest, window_id: int) -> HttpResponse:
    """POST: 303."""
    delete_window(current_actor(request), window_id)
    messages.success(request, "Maintenance window deleted.")
    return SeeOther(WINDOWS)
