"""Member management pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actor import Actor
from accounts.models import Role, User
from accounts.people.forms import ROLE_WORDS, InviteForm
from accounts.people.invitation_mail import sends_mail
from accounts.people.services import members as services
from accounts.people.services.invitations import IssuedInvitation, invite_member
from accounts.permissions import Capability, allowed, require
from accounts.selectors import members_of, open_invitations
from accounts.sign_in.page_authentication import current_actor
from core.errors import Conflict, Invalid, NotFound
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

PAGE: Final = "/settings/members"
HERE: Final = {"nav_current": "/settings", "menu_current": PAGE, "roles": ROLE_WORDS, "choices": Role.choices}


@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """GET: the members and their roles, with forms to change them for admins."""
    return _list(request)


def _list(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    actor = current_actor(request)
    may_write = allowed(actor, Capability.MEMBERS_WRITE)
    context = {
        "members": members_of(actor),
        "invitations": open_invitations(actor) if may_write else [],
        "now": timezone.now(),
        "may_write": may_write,
        "my_id": actor.user_id,
        "refused": refused,
    }
    return render(request, "accounts/people/members.html", HERE | context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: 201 with the link of the invitation; 409, 422."""
    actor = current_actor(request)
    require(actor, Capability.MEMBERS_WRITE)
    form = InviteForm(request.POST or None)
    if request.method != "POST":
        return _form(request, form)
    if not form.is_valid():
        return _form(request, form, status=422)
    try:
        invited = invite_member(actor, **form.cleaned_data)
    except Conflict as conflict:
        form.add_error("email", conflict.detail)
        return _form(request, form, status=409)
    except Invalid as refusal:
        note_faults(form, refusal)
        return _form(request, form, status=422)
    return show_invitation(request, invited)


def _form(request: HttpRequest, form: InviteForm, *, status: int = 200) -> HttpResponse:
    return render(request, "accounts/people/invite.html", HERE | {"form": styled(form)}, status=status)


def show_invitation(request: HttpRequest, invited: IssuedInvitation) -> HttpResponse:
    """Render the page with an invitation's link, which is shown only in this response."""
    url = f"{settings.BASE_URL}/sign-in/invitation/{invited.secret}"
    context = {"invitation": invited.invitation, "url": url, "is_mailed": sends_mail()}
    return _once(request, "accounts/people/invited.html", context)


def _link(request: HttpRequest, person: User, secret: str) -> HttpResponse:
    url = f"{settings.BASE_URL}/sign-in/once/{secret}"
    return _once(request, "accounts/people/sign_in_link.html", {"person": person, "url": url})


def _once(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    response = render(request, template, HERE | context, status=201)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def save_roles(request: HttpRequest) -> HttpResponse:
    """POST: all roles that were changed on the page; 303, or the list with the errors (409, 422)."""
    actor = current_actor(request)
    require(actor, Capability.MEMBERS_WRITE)
    changed, refused, status = [], [], 200
    for username, role, was in _changed_roles(request):
        try:
            membership = services.change_role(actor, username=username, role=role, was=was)
            changed.append(f"{membership.user.label} is now {membership.get_role_display().lower()}.")
        except (Conflict, Invalid) as refusal:
            refused.append(refusal.detail)
            status = refusal.status
    if changed or not refused:
        messages.success(request, " ".join(changed) or "No role was changed.")
    return _list(request, refused=" ".join(refused), status=status) if refused else SeeOther(PAGE)


def _changed_roles(request: HttpRequest) -> list[tuple[str, str, str]]:
    """Return (user name, role, role before) of each select that differs from what the page showed."""
    given = [
        (name.removeprefix("role."), str(role), request.POST.get(f"was.{name.removeprefix('role.')}", ""))
        for name, role in request.POST.items()
        if name.startswith("role.")
    ]
    return [one for one in given if one[1] != one[2]]


def _role(actor: Actor, username: str, request: HttpRequest) -> str:
    given = {"role": request.POST.get("role", ""), "was": request.POST.get("was", "")}
    membership = services.change_role(actor, username=username, **given)
    return f"{membership.user.label} is now {membership.get_role_display().lower()}."


def _remove(actor: Actor, username: str, request: HttpRequest) -> str:
    services.remove_member(actor, username=username)
    return f"{username} is no member any more."


def _deactivate(actor: Actor, username: str, request: HttpRequest) -> str:
    return f"{services.deactivate_member(actor, username=username).user.label} cannot sign in any more."


def _reactivate(actor: Actor, username: str, request: HttpRequest) -> str:
    return f"{services.reactivate_member(actor, username=username).user.label} can sign in again."


VERBS: Final[dict[str, Callable[[Actor, str, HttpRequest], str]]] = {
    "role": _role,
    "remove": _remove,
    "deactivate": _deactivate,
    "reactivate": _reactivate,
}


@require_POST
def change(request: HttpRequest, username: str, verb: str) -> HttpResponse:
    """POST: one change of one member; 303, or the list again with the error (409, 422)."""
    actor = current_actor(request)
    require(actor, Capability.MEMBERS_WRITE)
    if verb == "link":
        return _renewed(request, actor, username)
    if verb not in VERBS:
        raise NotFound("There is no such action.")
    try:
        message = VERBS[verb](actor, username, request)
    except (Conflict, Invalid) as refusal:
        return _list(request, refused=refusal.detail, status=refusal.status)
    messages.success(request, message)
    return SeeOther(PAGE)


def _renewed(request: HttpRequest, actor: Actor, username: str) -> HttpResponse:
    try:
        return _link(request, *services.renew_sign_in_link(actor, username=username))
    except Conflict as refusal:
        return _list(request, refused=refusal.detail, status=refusal.status)
