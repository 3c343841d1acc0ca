"""The settings pages of on-call schedules: the list, and one schedule with layers, overrides and import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor
from accounts.models import OnCallSchedule
from accounts.oncall.as_json import usernames
from accounts.oncall.forms import (
    CalendarForm,
    OverrideForm,
    RotationForm,
    ScheduleForm,
    SwapForm,
    moment_words,
)
from accounts.oncall.planning import HORIZON
from accounts.oncall.selectors import overrides_of, schedule_for, schedule_views, shifts_between
from accounts.oncall.services import imports, overrides, schedules
from accounts.permissions import Capability, require
from accounts.selectors import workspace_of
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid, NotFound
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

PAGE: Final = "/settings/on-call"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE}


@require_http_methods(["GET", "HEAD", "POST"])
def schedule_list(request: HttpRequest) -> HttpResponse:
    """GET: the schedules and a form for a new one. POST: 303 to it; 422 with the faults."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_WRITE)
    form = ScheduleForm(request.POST or None, initial={"time_zone": workspace_of(actor).time_zone})
    if request.method == "POST" and form.is_valid():
        try:
            made = schedules.create_schedule(
                actor, name=form.cleaned_data["name"], time_zone=form.cleaned_data["time_zone"]
            )
        except Invalid as refusal:
            note_faults(form, refusal)
        else:
            return SeeOther(f"{PAGE}/{made.pk}")
    status = 422 if form.errors else 200
    context = HERE | {"form": styled(form), "views": schedule_views(actor, now=timezone.now())}
    return render(request, "accounts/oncall/settings.html", context, status=status)


@require_http_methods(["GET", "HEAD"])
def schedule(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: one schedule with every form that changes it."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_WRITE)
    return schedule_page(request, actor, schedule_for(actor, pk))


def schedule_page(
    request: HttpRequest, actor: Actor, shown: OnCallSchedule, *, status: int = 200, **given: Any
) -> HttpResponse:
    """Render the page with submitted forms in place of fresh ones, and errors."""
    now = timezone.now()
    rotations = list(shown.rotations.order_by("layer"))
    names = usernames(actor, [pk for one in rotations for pk in one.participants])
    context = HERE | {
        "schedule": shown,
        "is_default": workspace_of(actor).default_schedule_id == shown.pk,
        "rotations": [
            (one, ", ".join(names.get(pk, "(left)") for pk in one.participants)) for one in rotations
        ],
        "overrides": overrides_of(actor, shown.pk, now=now),
        "edit_form": styled(given.pop("edit", None) or _edit_form(shown)),
        "rotation_form": styled(given.pop("rotation", None) or _rotation_form(len(rotations) + 1)),
        "override_form": styled(given.pop("override", None) or OverrideForm()),
        "calendar_form": styled(given.pop("calendar", None) or CalendarForm()),
        "swap_form": styled(given.pop("swap", None) or SwapForm(shifts=_shift_choices(actor, shown))),
    }
    return render(request, "accounts/oncall/schedule.html", context | given, status=status)


@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """POST: one change of a schedule; 303, or the page again with the error (409, 422)."""
    actor = current_actor(request)
    require(actor, Capability.ONCALL_WRITE)
    if verb not in VERBS:
        raise NotFound("There is no such action.")
    shown = schedule_for(actor, pk)
    make, run = VERBS[verb]
    form = make(request, actor, shown)
    if not form.is_valid():
        return schedule_page(request, actor, shown, status=422, **{verb: form})
    try:
        message = run(actor, shown, form)
    except Invalid as refusal:
        note_faults(form, refusal)
        return schedule_page(request, actor, shown, status=422, **{verb: form})
    except Conflict as refusal:
        return schedule_page(request, actor, shown, status=409, refused=refusal.detail)
    messages.success(request, message)
    return SeeOther(PAGE if verb == "delete" else f"{PAGE}/{pk}")


def _edit_form(shown: OnCallSchedule) -> ScheduleForm:
    return ScheduleForm(initial={"name": shown.name, "time_zone": shown.time_zone, "version": shown.version})


def _rotation_form(layer: int) -> RotationForm:
    return RotationForm(initial={"layer": min(layer, 10), "starts_on": timezone.localdate()})


def _shift_choices(actor: Actor, shown: OnCallSchedule) -> list[tuple[int, str]]:
    now = timezone.now()
    found = shifts_between(actor, now, now + HORIZON, schedule_id=shown.pk)
    return [(one.pk, f"{one.user.label}, {moment_words(one.starts_at)}") for one in found]


def _edit(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    schedules.edit_schedule(actor, schedule_id=shown.pk, **form.cleaned_data)
    return f"{form.cleaned_data['name']} saved."


def _rotation(actor: Actor, shown: OnCallSchedule, form: RotationForm) -> str:
    layer = form.cleaned_data["layer"]
    schedules.put_rotation(actor, schedule_id=shown.pk, layer=layer, values=form.values())
    return f"Layer {layer} saved."


def _override(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    made = overrides.create_override(actor, schedule_id=shown.pk, **form.cleaned_data)
    return f"{made.user.label} covers {shown.name}."


def _swap(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    overrides.swap_shifts(actor, **form.cleaned_data)
    return "Shifts swapped."


class _Number(forms.Form):
    number = forms.IntegerField(min_value=0, max_value=2**62, required=False)


def _remove_layer(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    layer = form.cleaned_data["number"] or 0
    schedules.remove_rotation(actor, schedule_id=shown.pk, layer=layer)
    return f"Layer {layer} removed."


def _remove_override(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    overrides.remove_override(actor, override_id=form.cleaned_data["number"] or 0)
    return "Override removed."


def _calendar(actor: Actor, shown: OnCallSchedule, form: CalendarForm) -> str:
    imports.set_calendar(actor, schedule_id=shown.pk, url=form.cleaned_data["url"], data=form.data_read())
    return f"Import of {shown.name} started."


def _stop_import(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    imports.stop_import(actor, schedule_id=shown.pk)
    return f"Import stopped. {shown.name} now uses its layers."


def _default(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    schedules.set_default_schedule(actor, schedule_id=shown.pk)
    return f"{shown.name} is the default schedule."


def _delete(actor: Actor, shown: OnCallSchedule, form: forms.Form) -> str:
    schedules.delete_schedule(actor, schedule_id=shown.pk)
    return f"{shown.name} deleted."


Make = Callable[[HttpRequest, Actor, OnCallSchedule], forms.Form]
Run = Callable[[Actor, OnCallSchedule, Any], str]
VERBS: Final[dict[str, tuple[Make, Run]]] = {
    "edit": (lambda request, actor, shown: ScheduleForm(request.POST), _edit),
    "rotation": (lambda request, actor, shown: RotationForm(request.POST), _rotation),
    "override": (lambda request, actor, shown: OverrideForm(request.POST), _override),
    "swap": (
        lambda request, actor, shown: SwapForm(request.POST, shifts=_shift_choices(actor, shown)),
        _swap,
    ),
    "remove-layer": (lambda request, actor, shown: _Number(request.POST), _remove_layer),
    "remove-override": (lambda request, actor, shown: _Number(request.POST), _remove_override),
    "calendar": (lambda request, actor, shown: CalendarForm(request.POST, request.FILES), _calendar),
    "stop-import": (lambda request, actor, shown: _Number(request.POST), _stop_import),
    "default": (lambda request, actor, shown: _Number(request.POST), _default),
    "delete": (lambda request, actor, shown: _Number(request.POST), _delete),
}
