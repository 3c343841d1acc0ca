"""Device sign-in: a command line shows a code, a person approves it in the browser, it gets a token."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import ApiToken, DeviceCode, Membership
from accounts.selectors import membership_of
from accounts.sign_in.page_authentication import actor_of
from accounts.tokens.credentials import digest, mint, mint_secret
from accounts.validation import clean_scopes
from core.errors import Conflict, Forbidden, NotFound, RateLimited

LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LIFE: Final = timedelta(minutes=10)
TOKEN_LIFE: Final = timedelta(days=90)
POLL_EVERY_S: Final = 5
MAX_OPEN_CODES: Final = 200


class DeviceSignIn(NamedTuple):
    """Response to the device; its own code is shown to no one else."""

    user_code: str
    device_code: str


class DeviceDenied(Forbidden):
    """403: the person did not approve."""

    code = "device_denied"
    title = "The sign-in was not approved"


def start_device_sign_in(
    now: datetime, *, host: str, scopes: Sequence[str], address: str | None
) -> DeviceSignIn:
    """Create a code that is valid for ten minutes. Raises Invalid, RateLimited."""
    wanted = clean_scopes(scopes)
    DeviceCode.objects.filter(expires_at__lt=now - timedelta(days=1)).delete()
    if DeviceCode.objects.filter(expires_at__gt=now, approved_at=None).count() >= MAX_OPEN_CODES:
        raise RateLimited("Too many sign-ins are waiting for approval. Try again in ten minutes.")
    device_code, letters = mint_secret(), "".join(secrets.choice(LETTERS) for _ in range(8))
    user_code = f"{letters[:4]}-{letters[4:]}"
    DeviceCode.objects.create(
        device_digest=digest(device_code), user_code=user_code, host=host[:100], scopes=wanted,
        address=address or None, expires_at=now + CODE_LIFE,
    )  # fmt: skip
    return DeviceSignIn(user_code, device_code)


def open_code(now: datetime, *, user_code: str) -> DeviceCode:
    """Return the open request of a code as a person types it. Raises NotFound."""
    letters = "".join(c for c in user_code.upper() if c.isalpha())[:8]
    found = DeviceCode.objects.filter(
        user_code=f"{letters[:4]}-{letters[4:]}", expires_at__gt=now, approved_at=None, denied_at=None
    ).first()
    if found is None:
        raise NotFound("Unknown code, or older than ten minutes. Run `tocsin login` again.")
    return found


def approve_device(actor: Actor, *, user_code: str, is_approved: bool) -> DeviceCode:
    """Approve or deny a code as a signed-in person. Raises Forbidden, NotFound."""
    if actor.kind != "user" or actor.user_id is None or actor.token_id is not None:
        raise Forbidden("Only a person who is signed in may approve a code. Nothing was changed.")
    now = timezone.now()
    with transaction.atomic():
        code = open_code(now, user_code=user_code)
        decided = {"approved_at" if is_approved else "denied_at": now}
        undecided = DeviceCode.objects.filter(pk=code.pk, approved_at=None, denied_at=None)
        if not undecided.update(user_id=actor.user_id, workspace_id=actor.workspace_id, **decided):
            raise NotFound("This code was approved or denied at this moment. Nothing was changed.")
        verb = "approved" if is_approved else "denied"
        summary = f"{actor.label} {verb} the sign-in of a command line on {code.host or 'an unnamed host'}"
        record(actor, action=f"device.{verb}", target=code, summary=summary)
    return code


def collect_device_token(now: datetime, *, device_code: str) -> str:
    """Return the token of an approved code, once; "" while pending. Raises NotFound and DeviceDenied."""
    with transaction.atomic():
        code = DeviceCode.objects.select_for_update().filter(device_digest=digest(device_code)).first()
        if code is None or code.expires_at <= now:
            raise NotFound("The code has expired. Run `tocsin login` again.")
        if code.denied_at:
            raise DeviceDenied("The sign-in was denied. No token was issued.")
        if code.issued_at:
            raise Conflict("The token for this code was already issued. Run `tocsin login` again.")
        if code.approved_at is None or code.user is None:
            return ""
        membership = membership_of(code.user, workspace_id=code.workspace_id)
        if membership is None:
            raise DeviceDenied("You are no longer a member of that workspace. No token was issued.")
        code.issued_at = now
        code.save(update_fields=["issued_at"])
        return _issue(membership, code, now)


def _issue(membership: Membership, code: DeviceCode, now: datetime) -> str:
    minted = mint()
    actor = actor_of(membership)
    row = ApiToken.objects.create(
        workspace_id=membership.workspace_id, name=f"cli@{code.host}"[:120], prefix=minted.prefix,
        digest=minted.digest, scopes=code.scopes, expires_at=now + TOKEN_LIFE, user_id=membership.user_id,
        created_by_id=membership.user_id,
    )  # fmt: skip
    summary = f"{actor.label} signed in a command line on {code.host or 'an unnamed host'}"
    record(actor, action="token.issue", target=row, summary=summary)
    return minted.text
