"""Proof that a person reads mail at the address of their account."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db.models.functions import Now

from accounts.models import DeviceCode, SignInLink, User


def prove_address(user_id: int, address: str) -> bool:
    """Verify a mailed secret for `address`. Returns whether that newly proves the account's address."""
    mine = User.objects.filter(pk=user_id, email__iexact=address)
    unproven = mine.exclude(address_proven_at__isnull=False, address_proven_in=None)
    return bool(unproven.update(address_proven_at=Now(), address_proven_in=None))


def revoke_credentials(user: User, *, now: datetime) -> None:
    """Remove password, second factors, sign-in links and all sessions of an account.

    Tokens, feeds and linked identity providers stay: each opens one workspace only.
    """
    user.set_unusable_password()
    user.save(update_fields=["password"])
    user.sessions.all().delete()
    Authenticator.objects.filter(user_id=user.pk).delete()
    SignInLink.objects.filter(user=user, used_at=None, expires_at__gt=now).update(expires_at=now)
    DeviceCode.objects.filter(user=user, issued_at=None).update(denied_at=now)
