"""Proof that a person reads mail at the address of their account."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models.functions import Now

from accounts.models import DeviceCode, SignInLink, User


def prove_address(user_id: int, address: str) -> bool:
    """Verify a mailed secret for `address`. Returns whether that newly proves the account's address."""
    unproven = User.objects.filter(pk=user_id, email__iexact=address, address_proven_at=None)
    return bool(unproven.update(address_proven_at=Now()))


def revoke_credentials(user: User, *, now: datetime) -> None:
    """Remove password, second factors, linked providers, sign-in links and all sessions of an account.

    Tokens and feeds stay: each is of one workspace only.
    """
    user.set_unusable_password()
    user.save(update_fields=["password"])
    user.sessions.all().delete()
    Authenticator.objects.filter(user_id=user.pk).delete()
    SocialAccount.objects.filter(user_id=user.pk).delete()
    SignInLink.objects.filter(user=user, used_at=None, expires_at__gt=now).update(expires_at=now)
    DeviceCode.objects.filter(user=user, issued_at=None).update(denied_at=now)
