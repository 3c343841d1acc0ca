"""Page and API for creating and switching workspaces. A new one gets its policies and rules at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from ninja import Router, Status

from accounts.api import workspace_shown
from accounts.identity.bound_session import refuse_elsewhere
from accounts.models import User, Workspace
from accounts.schemas import WorkspaceIn, WorkspaceOut
from accounts.selectors import memberships_of, workspaces_of
from accounts.sign_in.page_authentication import CHOSEN, choose_workspace, signed_in
from accounts.tokens.api_authentication import actor_in
from accounts.workspaces.forms import NewWorkspaceForm
from config.installation.setup import found_workspace
from core.errors import Conflict, Forbidden, Invalid
from core.http.link_pagination import known_only
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

PAGE = "/account/workspaces"
router = Router(tags=["Accounts"])


@require_http_methods(["GET", "HEAD", "POST"])
def workspaces(request: HttpRequest) -> HttpResponse:
    """GET: the person's workspaces and a form. POST: create one and switch to it; 303, 409, 422."""
    user = signed_in(request)
    if request.method == "POST":
        refuse_elsewhere(request, None)  # it could not be worked in afterwards
    form = NewWorkspaceForm(request.POST or None)
    if request.method != "POST":
        return _page(request, user, NewWorkspaceForm())
    if not form.is_valid():
        return _page(request, user, form, status=422)
    try:
        made = found_workspace(user, **form.cleaned_data)
    except Conflict as conflict:
        form.add_error(None, conflict.detail)
        return _page(request, user, form, status=409)
    except Invalid as refusal:
        note_faults(form, refusal)
        return _page(request, user, form, status=422)
    request.session[CHOSEN] = made.pk
    messages.success(request, f"Workspace {made.name} created. You are now working in it.")
    return SeeOther("/setup")


def _page(request: HttpRequest, user: User, form: NewWorkspaceForm, *, status: int = 200) -> HttpResponse:
    context = {"form": styled(form), "memberships": memberships_of(user)}
    return render(request, "accounts/workspaces/list.html", context, status=status)


@router.get("", response=list[WorkspaceOut], summary="List my workspaces")
def list_workspaces(request: HttpRequest) -> Any:
    """List the caller's workspaces. Name one in `X-Workspace` to work there."""
    known_only(request, ())
    return [workspace_shown(workspace) for workspace in workspaces_of(actor_in(request))]


@router.post("", response={201: WorkspaceOut}, summary="Create a workspace")
def create_workspace(request: HttpRequest, body: WorkspaceIn) -> Any:
    """Create a workspace with the signed-in person as its first admin.

    Name it in `X-Workspace` to work there.
    """
    person = _person(request)
    refuse_elsewhere(request, None)
    return Status(201, workspace_shown(found_workspace(person, **body.model_dump())))


@router.post("/{slug}/select", response=WorkspaceOut, summary="Switch to a workspace")
def select_workspace(request: HttpRequest, slug: str) -> Any:
    """Switch the session of a signed-in person to this workspace."""
    _person(request)
    choose_workspace(request, slug)
    return workspace_shown(Workspace.objects.get(pk=request.session[CHOSEN]))


def _person(request: HttpRequest) -> User:
    if actor_in(request).user_id is None:
        raise Forbidden(
            "Only a signed-in person has workspaces; a token belongs to one. Nothing was changed."
        )
    return signed_in(request)
