"""Issues, rotates and revokes API tokens. The token is returned once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import ApiToken
from accounts.permissions import Capability, require
from accounts.tokens.credentials import mint
from accounts.validation import clean_name, clean_scopes, invalid, refuse_personal
from core.errors import Conflict, NotFound

TOUCH_EVERY: Final = timedelta(minutes=1)
MAX_LIFE: Final = timedelta(days=36_525)
MAX_OVERLAP_H: Final = 168


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """The row, and its text, which is returned only once."""

    row: ApiToken
    text: str


def issue_token(
    actor: Actor, *, name: str, scopes: Iterable[str], expires_at: datetime | None = None
) -> IssuedToken:
    """Create a token for the actor's workspace.

    `expires_at`: with a time zone, within the next hundred years; None: never.
    Raises Forbidden, and Invalid naming the field.
    """
    require(actor, Capability.TOKENS_WRITE)
    fields = {"name": clean_name(name), "scopes": clean_scopes(scopes), "expires_at": _future(expires_at)}
    with transaction.atomic():
        issued = _store(actor, **fields)
        record(actor, action="token.issue", target=issued.row, summary=_summary(actor, "issued", issued.row))
    return issued


def rotate_token(actor: Actor, *, token_id: int, overlap_hours: int = 0) -> IssuedToken:
    """Issue a token with the name, scopes and expiry of another, which ends `overlap_hours` (0 to 168) later.

    So a sender can be updated without a gap. At most two secrets are live at once: a token that the old one
    replaced ends now. A personal token's secret is for its person only, who signs in again instead.
    Raises Forbidden, NotFound, Invalid, Conflict.
    """
    require(actor, Capability.TOKENS_WRITE)
    if not 0 <= overlap_hours <= MAX_OVERLAP_H:
        raise invalid("overlap_hours", "range", f"must be 0 to {MAX_OVERLAP_H} hours")
    with transaction.atomic():
        old = _live_token(actor, token_id)
        refuse_personal(old)
        _end_predecessor(actor, old)
        issued = _store(actor, name=old.name, scopes=old.scopes, expires_at=old.expires_at, replaces=old)
        _end(old, after=timedelta(hours=overlap_hours))
        changes = {"prefix": [old.prefix, issued.row.prefix], "overlap_hours": [0, overlap_hours]}
        summary = _summary(actor, "rotated", issued.row)
        record(actor, action="token.rotate", target=issued.row, summary=summary, changes=changes)
    return issued


def revoke_token(actor: Actor, *, token_id: int) -> ApiToken:
    """Revoke a token; every process refuses it within a second. Raises Forbidden, NotFound, Conflict."""
    require(actor, Capability.TOKENS_WRITE)
    with transaction.atomic():
        token = _live_token(actor, token_id)
        _revoke(token)
        record(actor, action="token.revoke", target=token, summary=_summary(actor, "revoked", token))
    return token


def revoke_own_token(actor: Actor) -> None:
    """Revoke the token of this request. Raises Conflict for a caller without one."""
    if actor.token_id is None:
        raise Conflict("This request has no token. Nothing was revoked.")
    with transaction.atomic():
        token = _live_token(actor, actor.token_id)
        _revoke(token)
        record(actor, action="token.revoke", target=token, summary=_summary(actor, "revoked", token))


def touch_token(workspace_id: int, token_id: int, *, now: datetime) -> None:
    """Record that a token was used; at most one write per minute."""
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - TOUCH_EVERY)
    ApiToken.objects.of(workspace_id).filter(stale, pk=token_id).update(last_used_at=now)


def _future(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    if timezone.is_naive(moment):
        raise invalid("expires_at", "timezone", "must have a time zone")
    try:
        expires_at = moment.astimezone(UTC)
    except OverflowError as error:
        raise invalid("expires_at", "range", "must be within the years 1 to 9999") from error
    now = timezone.now()
    if expires_at <= now:
        raise invalid("expires_at", "future", "must be in the future")
    if expires_at > now + MAX_LIFE:
        raise invalid("expires_at", "range", "must be within the next hundred years")
    return expires_at


def _store(actor: Actor, **fields: object) -> IssuedToken:
    minted = mint()
    row: ApiToken = ApiToken.objects.create(
        workspace_id=actor.workspace_id,
        prefix=minted.prefix,
        digest=minted.digest,
        created_by_id=actor.user_id,
        **fields,
    )
    row.refresh_from_db()
    return IssuedToken(row, minted.text)


def _live_token(actor: Actor, token_id: int) -> ApiToken:
    found = ApiToken.objects.of(actor.workspace_id).select_for_update(of=("self",)).filter(pk=token_id)
    token: ApiToken | None = found.first()
    if token is None:
        raise NotFound("There is no such token in this workspace.")
    if token.revoked_at:
        raise Conflict(f"{token.name} was revoked already, at {token.revoked_at:%Y-%m-%d %H:%M} UTC.")
    if token.expires_at and token.expires_at <= timezone.now():
        raise Conflict(f"{token.name} expired at {token.expires_at:%Y-%m-%d %H:%M} UTC.")
    return token


def _end_predecessor(actor: Actor, token: ApiToken) -> None:
    older = ApiToken.objects.of(actor.workspace_id).filter(pk=token.replaces_id, revoked_at=None).first()
    if older is not None:
        _revoke(older)


def _end(token: ApiToken, *, after: timedelta) -> None:
    """Set the end to now, or later by the overlap; never later than its expiry."""
    if not after:
        _revoke(token)
        return
    last = timezone.now() + after
    token.expires_at = min(last, token.expires_at) if token.expires_at else last
    token.save(update_fields=["expires_at"])


def _revoke(token: ApiToken) -> None:
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])


def _summary(actor: Actor, verb: str, token: ApiToken) -> str:
    return f"{actor.label} {verb} the token {token.name} (tcs_{token.prefix}_…)"
