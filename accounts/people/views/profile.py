"""Profile page: name, time zone, theme, active sessions."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actor import Actor
from accounts.models import User
from accounts.people.forms import ProfileForm
from accounts.people.services.profile import update_profile
from accounts.selectors import sessions_of
from accounts.sign_in.page_authentication import current_actor, signed_in
from accounts.sign_in.reauthentication import is_recently_confirmed, require_recent_password
from accounts.sign_in.services import end_other_sessions, end_session
from core.errors import Invalid, NotFound
from core.ui.form_recovery import take_form
from core.ui.forms import note_faults, styled
from core.ui.htmx import SeeOther

PAGE = "/settings/profile"


def settings_home(request: HttpRequest) -> HttpResponse:
    """GET /settings: redirect to the first of its pages."""
    signed_in(request)
    return HttpResponseRedirect(PAGE)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """GET: the form. POST: 303, or 422 with the faults and the input."""
    actor, user = current_actor(request), signed_in(request)
    if request.method != "POST":
        saved = take_form(request)
        return _page(request, user, ProfileForm(saved) if saved else ProfileForm(initial=_initial(user)))
    form = ProfileForm(request.POST)
    if form.is_valid() and _moves_sign_in(user, form) and not is_recently_confirmed(request):
        return require_recent_password(request, back=PAGE)
    if not (form.is_valid() and _saved(actor, form)):
        return _page(request, user, form, status=422)
    messages.success(request, "Profile saved.")
    return SeeOther(PAGE)


def _moves_sign_in(user: User, form: ProfileForm) -> bool:
    """Return whether the form changes what the person signs in with."""
    return str(form.cleaned_data["email"]).strip().lower() != user.email.lower()


def _initial(user: User) -> dict[str, object]:
    return {name: getattr(user, name) for name in ProfileForm.base_fields}


def _saved(actor: Actor, form: ProfileForm) -> bool:
    try:
        update_profile(actor, **form.cleaned_data)
    except Invalid as refusal:
        note_faults(form, refusal)
        return False
    return True


def _page(request: HttpRequest, user: User, form: ProfileForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": styled(form),
        "person": user,
        "sessions": sessions_of(user, now=timezone.now()),
        "this_session": request.session.session_key,
        "nav_current": "/settings",
        "menu_current": PAGE,
    }
    return render(request, "accounts/people/profile.html", context, status=status)


@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """POST: end all other sessions."""
    if not is_recently_confirmed(request):
        return require_recent_password(request, back=PAGE)
    key = request.session.session_key or ""
    ended = end_other_sessions(signed_in(request), keep=key, now=timezone.now())
    messages.success(request, f"{ended} other sessions ended." if ended else "There were no other sessions.")
    return SeeOther(PAGE)


@require_POST
def end_one(request: HttpRequest, public_id: str) -> HttpResponse:
    """POST: end one of the person's sessions."""
    if not is_recently_confirmed(request):
        return require_recent_password(request, back=PAGE)
    if not end_session(signed_in(request), public_id=public_id):
        raise NotFound("That session has already ended.")
    messages.success(request, "Session ended.")
    return SeeOther(PAGE)
