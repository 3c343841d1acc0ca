"""One-time sign-in links and passwords."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Membership, Role, SignInLink, User
from accounts.tokens.credentials import digest, mint_secret

LINK_LIFETIME: Final = timedelta(hours=24)


def mint_sign_in_link(user: User, *, now: datetime) -> str:
    """Return the secret of a link that signs `user` in once within 24 hours; earlier unused links end."""
    secret = mint_secret()
    with transaction.atomic():
        SignInLink.objects.filter(user=user, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
        SignInLink.objects.create(user=user, digest=digest(secret), expires_at=now + LINK_LIFETIME)
    return secret


def spend_sign_in_link(*, secret: str, now: datetime) -> User | None:
    """Return the person a link signs in, or None when it is unknown, used or older than a day.

    One conditional update decides, so that only one of several simultaneous attempts succeeds.
    """
    with transaction.atomic():
        # Without a join: PostgreSQL re-checks a concurrently changed row only by its own columns.
        live = SignInLink.objects.filter(digest=digest(secret), used_at__isnull=True, expires_at__gt=now)
        if live.update(used_at=now) != 1:
            return None
        user = SignInLink.objects.select_related("user").get(digest=digest(secret)).user
        if not user.is_active:
            return None
        _record(user, "sign_in.link", f"{user.label} signed in with a one-time link")
    return user


def set_password(user: User, *, password: str) -> None:
    """Set a password; every session but those re-hashed by the caller ends.

    Raises django's ValidationError, whose messages say what is wrong with the password.
    """
    validate_password(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        now = timezone.now()
        SignInLink.objects.filter(user=user, used_at__isnull=True, expires_at__gt=now).update(expires_at=now)
        _record(user, "password.set", f"{user.label} set a new password")


def note_sign_in(user: User, means: str) -> None:
    """Audit a sign-in; means: "a password and a second factor"."""
    _record(user, "sign_in.password", f"{user.label} signed in with {means}")


def end_other_sessions(user: User, *, keep: str, now: datetime) -> int:
    """End every session of `user` but the one with the key `keep`; returns how many were live.

    Their open pages lose the live stream within seconds and are redirected to the sign-in.
    """
    with transaction.atomic():
        others = user.sessions.exclude(session_key=keep)
        ended = others.filter(expire_date__gt=now).count()
        others.delete()
        if ended:
            _record(user, "sign_in.end", f"{user.label} ended {ended} other sign-ins of their own")
    return ended


def end_session(user: User, *, public_id: str) -> bool:
    """End the session of `user` with that public id; returns whether there was one."""
    with transaction.atomic():
        found = next((row for row in user.sessions.all() if row.public_id == public_id), None)
        if found is None:
            return False
        found.delete()
        _record(user, "sign_in.end", f"{user.label} ended a sign-in of their own ({found.browser})")
    return True


def forget_password(user: User, *, now: datetime) -> str:
    """Remove password, second factors and sessions of `user`.

    Return the secret of a link to set a new one.
    """
    with transaction.atomic():
        Authenticator.objects.filter(user_id=user.pk).delete()
        user.set_unusable_password()
        user.save(update_fields=["password"])
        _record(
            user, "password.forget", f"Password and second factors of {user.label} reset; sign-in link issued"
        )
        return mint_sign_in_link(user, now=now)


def note_account_change(user: User, action: str, summary: str) -> None:
    """Audit a change of what a person signs in with."""
    _record(user, action, summary)


def _record(user: User, action: str, summary: str) -> None:
    """Write one audit entry, in the first workspace of the person; none for someone without a workspace."""
    home: Membership | None = user.memberships.order_by("id").first()
    if home is not None:
        actor = Actor(home.workspace_id, "user", user.label, user_id=user.pk, role=Role(home.role))
        record(actor, action=action, target=user, summary=summary)
