"""Every action on an incident: one form, one page that works without JavaScript, one fragment for htmx."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.web import current_actor
from core.errors import Conflict, Invalid
from core.htmx import done, render
from incidents import forms
from incidents.models import Incident
from incidents.selectors import incident_for
from incidents.services import notes, resolving, responding, roles, touching

Data = dict[str, Any]
FIELD_ID = "action_%s"  # the page under the dialog has fields of its own
Run = Callable[[Actor, int, Data], Incident]


@dataclass(frozen=True)
class Action:
    """One verb. `said` is the toast, with {ref} for the incident; `kind` dresses the button."""

    title: str
    submit: str
    form: type[forms.ActionForm]
    run: Run
    said: str
    kind: str = "primary"


def _acknowledge(actor: Actor, number: int, data: Data) -> Incident:
    return responding.acknowledge_incident(actor, number=number, note=data["note"])


def _status(actor: Actor, number: int, data: Data) -> Incident:
    given = {name: data[name] for name in ("status", "message", "is_public", "version")}
    return responding.change_status(actor, number=number, **given)


def _resolve(actor: Actor, number: int, data: Data) -> Incident:
    given = {name: data[name] for name in ("message", "is_public", "version")}
    return resolving.resolve_incident(actor, number=number, root_cause=data["root_cause"] or None, **given)


def _close(actor: Actor, number: int, data: Data) -> Incident:
    return resolving.close_incident(actor, number=number, message=data["message"], version=data["version"])


def _reopen(actor: Actor, number: int, data: Data) -> Incident:
    return resolving.reopen_incident(actor, number=number, message=data["message"], version=data["version"])


def _assign(actor: Actor, number: int, data: Data) -> Incident:
    return roles.assign_role(actor, number=number, role=data["role"], username=data["username"] or None)


def _severity(actor: Actor, number: int, data: Data) -> Incident:
    given = {name: data[name] for name in ("severity", "message", "version")}
    return responding.change_severity(actor, number=number, **given)


def _edit(actor: Actor, number: int, data: Data) -> Incident:
    given = {name: data[name] for name in ("title", "description", "impact", "root_cause", "version")}
    return responding.edit_incident(actor, number=number, **given)


def _title(actor: Actor, number: int, data: Data) -> Incident:
    return responding.edit_incident(actor, number=number, title=data["title"], version=data["version"])


def _component(actor: Actor, number: int, data: Data) -> Incident:
    """Somebody else's change to another part of the incident is no reason to refuse, so no version here."""
    if not data["impact"]:
        return touching.remove_component(actor, number=number, component=data["component"])
    given = {name: data[name] for name in ("component", "impact")}
    return touching.set_component_impact(actor, number=number, **given)


def _note(actor: Actor, number: int, data: Data) -> Incident:
    if data["audience"] == "public":
        return notes.add_update(actor, number=number, message=data["message"], is_public=True)
    return notes.add_note(actor, number=number, message=data["message"])


ACTIONS = {
    "acknowledge": Action(
        "Acknowledge", "Acknowledge", forms.AcknowledgeForm, _acknowledge, "You have {ref}."
    ),
    "status": Action("Change status", "Change status", forms.StatusForm, _status, "{ref} is {status} now."),
    "resolve": Action("Resolve", "Resolve", forms.ResolveForm, _resolve, "{ref} is resolved."),
    "close": Action("Close", "Close", forms.MessageForm, _close, "{ref} is closed."),
    "reopen": Action("Reopen", "Reopen", forms.MessageForm, _reopen, "{ref} is open again."),
    "assign": Action("Assign a role", "Assign", forms.AssignForm, _assign, "Roles of {ref} changed."),
    "severity": Action(
        "Change severity", "Change severity", forms.SeverityForm, _severity, "{ref} is {severity} now."
    ),
    "edit": Action("Edit details", "Save", forms.EditForm, _edit, "{ref} saved."),
    "title": Action("Rename", "Save", forms.TitleForm, _title, "{ref} renamed."),
    "component": Action(
        "Affected component", "Save", forms.ComponentForm, _component, "Components of {ref} changed."
    ),
    "note": Action("Add to the timeline", "Add", forms.NoteForm, _note, "Added to {ref}."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def act(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """GET: the form of one action. POST: do it; 303 or 204, 409 with the state now, 422 with the faults."""
    if name not in ACTIONS:
        raise Http404
    actor, action = current_actor(request), ACTIONS[name]
    require(actor, Capability.INCIDENTS_WRITE)
    incident = incident_for(actor, reference)
    if request.method != "POST":
        initial = {"next": request.GET.get("next", ""), **request.GET.dict()}
        return _page(
            request,
            action,
            name,
            action.form(incident=incident, actor=actor, initial=initial, auto_id=FIELD_ID),
        )
    form = action.form(request.POST, incident=incident, actor=actor, auto_id=FIELD_ID)
    if not form.is_valid():
        return _page(request, action, name, form, status=422)
    try:
        fresh = action.run(actor, incident.number, form.cleaned_data)
    except Conflict as conflict:
        return _overtaken(request, action, name, conflict)
    except Invalid as fault:
        _note_faults(form, fault)
        return _page(request, action, name, form, status=422)
    return _done(request, action, fresh)


def _page(
    request: HttpRequest, action: Action, name: str, form: forms.ActionForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"action": action, "name": name, "form": form.styled(), "incident": form.incident}
    context |= {"nav_current": "/incidents", **more}
    response = render(request, "incidents/action.html", context, part="form", status=status)
    if status >= 400:
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog-body", "innerHTML"
    return response


def _overtaken(request: HttpRequest, action: Action, name: str, conflict: Conflict) -> HttpResponse:
    """What was typed is kept, and sending it again applies it to the incident as it is now."""
    actor = current_actor(request)
    now = incident_for(
        actor, str(request.resolver_match.kwargs["reference"] if request.resolver_match else "")
    )
    data = request.POST.copy()
    data["version"] = str(now.version)
    form = action.form(data, incident=now, actor=actor, auto_id=FIELD_ID)
    return _page(request, action, name, form, status=409, conflict=conflict)


def _note_faults(form: forms.ActionForm, fault: Invalid) -> None:
    for one in fault.faults:
        form.add_error(
            one.field if one.field in form.fields else None, f"{one.message[:1].upper()}{one.message[1:]}."
        )
    if not fault.faults:
        form.add_error(None, fault.detail)


def _done(request: HttpRequest, action: Action, incident: Incident) -> HttpResponse:
    words = {"ref": incident.reference, "status": incident.get_status_display().lower()}
    said = action.said.format(**words, severity=incident.get_severity_display())
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    url = back if back and is_ours else f"/incidents/{incident.reference}"
    return done(request, said, url=url, topics=("incidents", f"incident:{incident.number}"))
