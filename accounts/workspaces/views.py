"""Page of the workspace's name and time zone."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.actor import Actor
from accounts.models import Workspace
from accounts.permissions import Capability, require
from accounts.selectors import workspace_of
from accounts.sign_in.page_authentication import current_actor
from accounts.workspaces.forms import WorkspaceForm
from accounts.workspaces.services import require_second_factors, update_workspace
from core.errors import Conflict, Invalid
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

PAGE = "/settings/workspace"


@require_http_methods(["GET", "HEAD", "POST"])
def workspace(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: 303; 409 when it changed meanwhile, 422 with the faults and the input."""
    actor = current_actor(request)
    require(actor, Capability.SETTINGS_WRITE)
    now = workspace_of(actor)
    if request.method != "POST":
        return _page(request, WorkspaceForm(initial=_values(now)), now)
    form = WorkspaceForm(request.POST)
    if not form.is_valid():
        return _page(request, form, now, status=422)
    try:
        _save(actor, form)
    except Conflict as conflict:
        now = workspace_of(actor)
        typed = request.POST.copy()
        typed.update(_was(now))
        return _page(request, WorkspaceForm(typed), now, status=409, conflict=conflict)
    except Invalid as refusal:
        note_faults(form, refusal)
        return _page(request, form, now, status=422)
    messages.success(request, "Workspace saved.")
    return SeeOther(PAGE)


def _save(actor: Actor, form: WorkspaceForm) -> None:
    data = form.cleaned_data
    expected = {"name": data["was_name"], "time_zone": data["was_time_zone"]}
    given = expected if all(expected.values()) else None
    requires = data["second_factor_required"]
    with transaction.atomic():
        update_workspace(actor, name=data["name"], time_zone=data["time_zone"], expected=given)
        require_second_factors(actor, is_required=requires)


def _was(now: Workspace) -> dict[str, str]:
    return {"was_name": now.name, "was_time_zone": now.time_zone}


def _values(now: Workspace) -> dict[str, object]:
    required = {"second_factor_required": now.second_factor_required}
    return {"name": now.name, "time_zone": now.time_zone, **required, **_was(now)}


def _page(
    request: HttpRequest,
    form: WorkspaceForm,
    now: Workspace,
    *,
    status: int = 200,
    conflict: Conflict | None = None,
) -> HttpResponse:
    context = {"form": styled(form), "now": now, "conflict": conflict}
    context |= {"nav_current": "/settings", "menu_current": PAGE}
    return render(request, "accounts/workspace.html", context, status=status)
