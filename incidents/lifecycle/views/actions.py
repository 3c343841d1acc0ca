"""Action views: one form that works as a page and as an htmx fragment."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid
from core.ui.form_recovery import take_form
from core.ui.htmx import done, render
from incidents.bulk.models import BulkAction
from incidents.bulk.services.actions import act_on_one
from incidents.lifecycle.forms import ActionForm, ResolveForm
from incidents.lifecycle.views.verbs import ACTIONS, Action
from incidents.models import Incident
from incidents.selectors import incident_for
from incidents.timeline.forms import ChangesForm
from incidents.vocabulary import ResponseRole

FIELD_ID: Final = "action_%s"  # the page under the dialog has fields of its own
ATTEMPTS: Final = 3  # a concurrent change may happen again


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """GET: the form of one action.

    POST: run it; 303 or 204, 409 with the current state, 422 with the faults.
    """
    if name not in ACTIONS:
        raise Http404
    actor, action = current_actor(request), ACTIONS[name]
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, reference)
    if request.method != "POST":
        return _page(request, name, *_empty(request, action, incident, actor))
    form = action.form(request.POST, incident=incident, actor=actor, auto_id=FIELD_ID)
    if not form.is_valid():
        return _page(request, name, form, status=422)
    if preview := form.preview():
        return _page(request, name, form, preview=preview)
    try:
        taken = _run(actor, action, form)
    except Conflict as conflict:
        return _overtaken(request, name, form, conflict)
    except Invalid as fault:
        _note_faults(form, fault)
        return _page(request, name, form, status=422)
    return _done(request, action, form, incident_for(actor, incident.number), taken)


def _empty(request: HttpRequest, action: Action, incident: Incident, actor: Actor) -> tuple[ActionForm, bool]:
    """Return the form to fill in, and whether it contains input saved before the session ended."""
    saved = take_form(request)
    if saved is not None:
        return action.form(saved, incident=incident, actor=actor, auto_id=FIELD_ID), True
    initial = {"next": request.GET.get("next", ""), **request.GET.dict()}
    return action.form(incident=incident, actor=actor, initial=initial, auto_id=FIELD_ID), False


def _run(actor: Actor, action: Action, form: ActionForm) -> BulkAction | None:
    """Run the action; returns the undoable action that it recorded, if any.

    Fields that no one else touched are written even if others changed meanwhile.
    """
    number, data = form.incident.number, form.cleaned_data
    if isinstance(form, ResolveForm):
        data = {**data, "still_affected": form.still_affected()}
    if action.undo:
        role = data.get("role", ResponseRole.COMMANDER)
        work = partial(action.run, actor, number, data)
        return act_on_one(actor, kind=action.undo, number=number, run=work, role=role)
    if not isinstance(form, ChangesForm):
        action.run(actor, number, data)
        return None
    version = form.cleaned_data["version"]
    for attempt in range(ATTEMPTS):
        try:
            action.run(actor, number, form.wanted() | {"version": version})
            break
        except Conflict:
            now = incident_for(actor, number)
            if attempt == ATTEMPTS - 1 or form.clashes(now):
                raise
            version = now.version
    return None


def _page(
    request: HttpRequest,
    name: str,
    form: ActionForm,
    is_restored: bool = False,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {"action": ACTIONS[name], "name": name, "form": form.styled(), "incident": form.incident}
    context |= {"nav_current": "/incidents", "is_restored": is_restored, **more}
    response = render(request, "incidents/lifecycle/action.html", context, part="form", status=status)
    if status >= 400:
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog-body", "innerHTML"
    return response


def _overtaken(request: HttpRequest, name: str, form: ActionForm, conflict: Conflict) -> HttpResponse:
    """Show both values with the input; submitting again applies it to the current incident."""
    now = incident_for(form.actor, form.incident.number)
    data, clashes = request.POST.copy(), []
    data["version"] = str(now.version)
    if isinstance(form, ChangesForm):
        data, clashes = form.rebased(now), form.clashes(now)
    again = type(form)(data, incident=now, actor=form.actor, auto_id=FIELD_ID)
    return _page(request, name, again, status=409, conflict=conflict, clashes=clashes)


def _note_faults(form: ActionForm, fault: Invalid) -> None:
    for one in fault.faults:
        form.add_error(
            one.field if one.field in form.fields else None, f"{one.message[:1].upper()}{one.message[1:]}."
        )
    if not fault.faults:
        form.add_error(None, fault.detail)


def _done(
    request: HttpRequest, action: Action, form: ActionForm, incident: Incident, taken: BulkAction | None
) -> HttpResponse:
    words = {
        "ref": incident.reference,
        "status": incident.get_status_display().lower(),
        "stage": incident.get_stage_display().lower(),
        "severity": incident.get_severity_display(),
    }
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    url = back if back and is_ours else f"/incidents/{incident.reference}"
    topics = ("incidents", f"incident:{incident.number}")
    undo = f"/incidents/bulk/{taken.pk}/undo" if taken else ""
    message = form.toast(incident) or action.message.format(**words)
    return done(request, message, url=url, topics=topics, undo=undo)
