"""Second factors: authenticator codes, recovery codes, passkeys. allauth stores and verifies them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from allauth.core import context as allauth_context
from allauth.mfa import signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from django import forms
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.models import User
from accounts.sign_in.limits import account_name, release_slots, take_slots
from accounts.sign_in.services import note_account_change
from core.errors import Forbidden
from core.http.security_log import note
from core.secrets.encryption import decrypt, encrypt
from core.ui.htmx import go_to

PAGE: Final = "/account/2fa/"
KINDS: Final = {
    Authenticator.Type.TOTP: "an authenticator app",
    Authenticator.Type.WEBAUTHN: "a passkey",
    Authenticator.Type.RECOVERY_CODES: "recovery codes",
}


class SecondFactorMissing(Forbidden):
    """403: the workspace requires a second factor, and this person has none."""

    code = "second_factor_required"
    title = "Second factor required"


class MfaAdapter(DefaultMFAAdapter):
    """Adapter named by the setting MFA_ADAPTER: secrets are stored encrypted."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret."""
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a stored secret."""
        return decrypt(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return False for the last one of a person in a workspace that requires one."""
        user = authenticator.user
        if not is_required_of(user):
            return True
        return bool(factors_of(user).exclude(pk=authenticator.pk).exists())


def factors_of(user: User) -> Any:
    """Return a person's second factors; recovery codes alone do not count."""
    return Authenticator.objects.filter(user_id=user.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)


def is_required_of(user: User) -> bool:
    """Return whether one of the person's workspaces requires a second factor."""
    return bool(user.memberships.filter(workspace__second_factor_required=True).exists())


def require_second_factor(user: User) -> None:
    """Raise SecondFactorMissing unless the person has one."""
    if not factors_of(user).exists():
        raise SecondFactorMissing(
            f"This workspace requires a second factor. Set one up at {PAGE} first. Nothing was changed."
        )


class SecondFactorMiddleware:
    """Middleware: redirects people without a required second factor to its setup."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """Redirect pages to the setup; the API returns problem+json instead."""
        if isinstance(fault, SecondFactorMissing) and not request.path.startswith("/api/"):
            return go_to(request, PAGE)
        return None


class _Limited(forms.Form):
    """Mixin that counts wrong codes with the wrong passwords of the account."""

    user: User

    def clean_code(self) -> str:
        """Refuse a wrong code, and any after too many attempts."""
        slots = take_slots(account_name(self.user.pk), allauth_context.request.META.get("REMOTE_ADDR", ""))
        if slots is None:
            note("second_factor.limited", user=self.user.pk)
            raise forms.ValidationError("Too many attempts. Wait five minutes.", code="limited")
        code = self.right_code()
        release_slots(slots)
        return code

    def right_code(self) -> str:
        """Return the code. Raises ValidationError for a wrong one."""
        raise NotImplementedError


class LimitedAuthenticateForm(_Limited, AuthenticateForm):
    """A code at sign-in."""

    def right_code(self) -> str:
        """Validate with allauth."""
        return str(AuthenticateForm.clean_code(self))


class LimitedReauthenticateForm(_Limited, ReauthenticateForm):
    """A code before a change of the account."""

    def right_code(self) -> str:
        """Validate with allauth."""
        return str(ReauthenticateForm.clean_code(self))


def _added(authenticator: Authenticator, user: User, **_: Any) -> None:
    kind = KINDS[Authenticator.Type(authenticator.type)]
    note_account_change(user, "account.second_factor", f"{user.label} added {kind} to their account")


def _removed(authenticator: Authenticator, user: User, **_: Any) -> None:
    kind = KINDS[Authenticator.Type(authenticator.type)]
    note_account_change(user, "account.second_factor", f"{user.label} removed {kind} from their account")


def _failed(user: User, **_: Any) -> None:
    note("second_factor.refused", user=user.pk)


signals.authenticator_added.connect(_added)
signals.authenticator_removed.connect(_removed)
signals.authentication_failed.connect(_failed)
