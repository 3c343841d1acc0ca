"""Forms to sign in and to set a password."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm
from django import forms
from django.core.exceptions import ValidationError

from accounts.models import User
from accounts.sign_in.limits import account_name, release_slots, take_slots
from core.http.security_log import note


class SignInForm(LoginForm):
    """User name or email, and the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "User name or email"
        self.fields["login"].widget.attrs.pop("placeholder", None)
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""


class ConfirmForm(forms.Form):
    """The person's password once more."""

    current = forms.CharField(
        label="Password",
        strip=False,
        max_length=256,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    def __init__(self, user: User, address: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.address = user, address

    def clean_current(self) -> str:
        """Refuse a wrong password, and any after too many attempts."""
        return right_password(self.user, self.cleaned_data["current"], self.address)


class PasswordForm(forms.Form):
    """A new password; people who have one enter it first."""

    current = forms.CharField(
        label="Current password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label="New password",
        strip=False,
        max_length=256,
        help_text="At least 8 characters; longer is better.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, address: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.address = user, address
        if not user.has_usable_password():
            del self.fields["current"]

    def clean_current(self) -> str:
        """Refuse a wrong current password."""
        return right_password(self.user, self.cleaned_data["current"], self.address)


def right_password(user: User, given: str, address: str) -> str:
    """Return the password. Raises ValidationError; failures count with those of the sign-in."""
    slots = take_slots(account_name(user.pk), address)
    if slots is None:
        note("password.limited", user=user.pk, address=address)
        raise ValidationError("Too many attempts. Wait five minutes.", code="limited")
    if not user.check_password(given):
        note("password.refused", user=user.pk, address=address)
        raise ValidationError("Wrong current password.", code="wrong")
    release_slots(slots)
    return given
