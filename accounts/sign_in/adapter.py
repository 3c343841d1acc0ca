"""allauth adapter: no self sign-up; failed passwords are counted in the database."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.core import context as allauth_context
from django.db.models import Q
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.identity.bound_session import bind_session, workspace_to_bind
from accounts.models import User
from accounts.sign_in.limits import account_name, release_slots, take_slots
from accounts.sign_in.services import note_sign_in
from accounts.sign_in.session_store import remember_browser
from core.http.security_log import note, seen_of

FACTOR_LABELS = {
    "password": "a password",
    "password+mfa": "a password and a second factor",
    "mfa": "a passkey",
    "link+mfa": "a one-time link and a second factor",
}


class AccountAdapter(DefaultAccountAdapter):
    """Adapter named by the setting ACCOUNT_ADAPTER."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": "Too many attempts. Wait five minutes, or ask an admin for a link.",
        "username_password_mismatch": "Wrong user name or password.",
        "email_password_mismatch": "Wrong user name or password.",
    }
    _slots: list[str] | None = None

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: members are invited."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether `next=` leads to this host, over https if the request used it."""
        request = allauth_context.request
        host, secure = {request.get_host()}, request.is_secure()
        return url_has_allowed_host_and_scheme(url, allowed_hosts=host, require_https=secure)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Take a slot. Raises allauth's ValidationError when there is none left."""
        name = credentials.get("email") or credentials.get("username") or ""
        number = _number_of(credentials)
        who = name if number is None else account_name(number)  # whichever name was entered
        self._slots = take_slots(who, request.META.get("REMOTE_ADDR", ""))
        if self._slots is None:
            note("sign_in.limited", means="password", **seen_of(request))
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Authenticate the person and release the slot, or return None."""
        user = super().authenticate(request, **credentials)
        if user and self._slots:
            release_slots(self._slots)
        if not user:
            seen = seen_of(request) | {"user": _number_of(credentials)}
            note("sign_in.refused", means="password", **seen)
        return user

    def login(self, request: HttpRequest, user: Any) -> None:
        """Start the session, store the browser, write an audit entry."""
        bound = workspace_to_bind(request, user)
        super().login(request, user)
        bind_session(request, bound)
        remember_browser(request)
        means = _means(request)
        note_sign_in(user, FACTOR_LABELS.get(means, means))
        note("sign_in.done", is_fine=True, means=means, **(seen_of(request) | {"user": user.pk}))

    def _rollback_login_failed_rl_usage(self) -> None:
        """Do nothing: the slots of `accounts.sign_in.limits` are released instead."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: signing in needs no toast."""


def _means(request: HttpRequest) -> str:
    """Return how the session authenticated, from allauth's records: `password`, `password+mfa`, `mfa` …"""
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    found = [str(one["method"]) for one in records] or ["password"]
    return "+".join(dict.fromkeys(found))


def _number_of(credentials: dict[str, Any]) -> int | None:
    """Return the number of an existing account; other input is never logged."""
    name = credentials.get("email") or credentials.get("username") or ""
    found = User.objects.filter(Q(username__iexact=name) | Q(email__iexact=name))
    number: int | None = found.values_list("pk", flat=True).first()
    return number
