"""Views to sign in and out, use one-time links, set a password and choose a workspace."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts.identity.bound_session import unbind_session
from accounts.identity.selectors import offered_providers
from accounts.models import Role, User
from accounts.sign_in.forms import ConfirmForm, PasswordForm, SignInForm
from accounts.sign_in.page_authentication import choose_workspace, current_membership, signed_in
from accounts.sign_in.reauthentication import confirm
from accounts.sign_in.second_factor import factors_of
from accounts.sign_in.services import set_password, spend_sign_in_link
from accounts.sign_in.session_store import remember_browser
from core.errors import Problem
from core.http.security_log import note, seen_of

BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignIn(LoginView):
    """Password sign-in by allauth."""

    form_class = SignInForm
    template_name = "accounts/sign_in/sign_in.html"

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """Add the identity providers."""
        return {**super().get_context_data(**more), "providers": offered_providers()}

    def form_invalid(self, form: Any) -> HttpResponse:
        """Return 422, so that scripts recognize the error; browsers show the page all the same."""
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return response


sign_in = SignIn.as_view()


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseBase:
    """End this session and clear the browser's data of this site."""
    note("sign_in.ended", is_fine=True, **(seen_of(request) | {"user": request.user.pk}))
    logout(request)
    response = redirect("accounts:sign_in")
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@never_cache
@sensitive_variables("secret")
@require_http_methods(["GET", "POST"])
def sign_in_once(request: HttpRequest, secret: str) -> HttpResponseBase:
    """GET: a button. Only POST uses the link, so that a link preview in a chat does not."""
    if request.method == "GET":
        return render(request, "accounts/sign_in/once.html", {"is_spent": False})
    user = spend_sign_in_link(secret=secret, now=timezone.now())
    if user is None:
        note("sign_in.refused", means="link", **seen_of(request))
        return render(request, "accounts/sign_in/once.html", {"is_spent": True}, status=410)
    if factors_of(user).exists():
        record_authentication(request, user, method="link")
        response: HttpResponseBase = perform_login(request, user, redirect_url="/")
        return response
    login(request, user, backend=BACKEND)
    unbind_session(request)
    remember_browser(request)
    note("sign_in.done", is_fine=True, means="link", **(seen_of(request) | {"user": user.pk}))
    return HttpResponseRedirect("/" if user.has_usable_password() else "/account/password")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest) -> HttpResponseBase:
    """Set or change the password; every other session of this person ends."""
    user = signed_in(request)
    is_first = not user.has_usable_password()
    form = PasswordForm(user, request.META.get("REMOTE_ADDR", ""), request.POST or None)
    if request.method == "POST" and form.is_valid() and _is_set(form, user):
        update_session_auth_hash(request, user)
        messages.success(request, "Password set. Your other sessions have ended.")
        return redirect(_next_page(request, is_first=is_first))
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/sign_in/password.html", {"form": form}, status=status)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def confirm_it_is_you(request: HttpRequest) -> HttpResponseBase:
    """Confirm the password before a sensitive action, then return to where it was requested."""
    user = signed_in(request)
    form = ConfirmForm(user, request.META.get("REMOTE_ADDR", ""), request.POST or None)
    back = request.GET.get("next", "/")
    if request.method == "POST" and form.is_valid():
        confirm(request)
        messages.info(request, "Password confirmed. Nothing has changed yet: submit again.")
        return HttpResponseRedirect(back if _is_ours(request, back) else "/")
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/sign_in/confirm.html", {"form": form}, status=status)


def _is_ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())


def _next_page(request: HttpRequest, *, is_first: bool) -> str:
    """Return the onboarding for the admin of a new installation, the active incidents for everyone else."""
    try:
        membership = current_membership(request)
    except Problem:
        return "/"
    is_new = membership.workspace.setup_dismissed_at is None
    return "/setup" if is_first and is_new and membership.role == Role.ADMIN else "/"


def _is_set(form: PasswordForm, user: User) -> bool:
    try:
        set_password(user, password=form.cleaned_data["password"])
    except ValidationError as error:
        form.add_error("password", error)
        return False
    return True


@require_POST
def work_in(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Choose the workspace of this session."""
    choose_workspace(request, slug)
    back = request.POST.get("next", "/")
    return HttpResponseRedirect(back if _is_ours(request, back) else "/")
