"""Adds, verifies and removes a person's contact methods, and sets quiet hours.

A personal token needs the scope `incidents:write`, or to read them `incidents:read`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import time, timedelta
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Scope
from accounts.people.proof import prove_address
from accounts.permissions import require_scope
from core.errors import Conflict, FieldFault, Forbidden, Invalid, NotFound, RateLimited, Unavailable
from core.queue.retry import PassingError, PermanentError
from core.rate_limit.limiter import Limit, rate_limiter
from core.secrets.encryption import decrypt, encrypt
from notifications.channels.kinds.apprise_url import entry_fault, scheme_of
from notifications.contacts.models import ContactMethod, QuietHours
from notifications.contacts.targets import kind_and_target
from notifications.deliveries.message import Message

READ: Final = (Scope.INCIDENTS_READ, Scope.INCIDENTS_WRITE)
WRITE: Final = (Scope.INCIDENTS_WRITE,)
CODE_LIFE: Final = timedelta(minutes=15)
MAX_CODE_ATTEMPTS: Final = 5
MAX_METHODS: Final = 10
CODE_EVERY: Final = timedelta(seconds=60)
MAX_CODES_AN_HOUR: Final = 20  # per person, because the address may be someone else's


def methods_of(actor: Actor) -> Sequence[ContactMethod]:
    """The actor's own methods. Raises Forbidden for actors without a user, or without the scope."""
    rows = ContactMethod.objects.of(actor.workspace_id).filter(user_id=_person(actor, READ))
    return list(rows.order_by("position", "id"))


def add_method(actor: Actor, *, kind: str, address: str) -> ContactMethod:
    """Add an unverified method and send a code to it; an existing unverified one gets a new code.

    Raises Forbidden, Conflict, Invalid, RateLimited (nothing was added), Unavailable.
    """
    user_id, clean = _person(actor, WRITE), _clean(kind, address)
    rows = ContactMethod.objects.of(actor.workspace_id).filter(user_id=user_id)
    digest = hashlib.sha256(f"{kind}:{clean.lower()}".encode()).hexdigest()
    if rows.count() >= MAX_METHODS:
        raise Conflict(f"A person has at most {MAX_METHODS} contact methods. Nothing was added.")
    known: ContactMethod | None = rows.filter(kind=kind, digest=digest).first()
    if known is not None:
        if known.verified_at is None:
            send_code(actor, method_id=known.pk)
        return known
    _charge_code(user_id, "Nothing was added.")
    method: ContactMethod
    with transaction.atomic():
        method, is_new = rows.get_or_create(
            workspace_id=actor.workspace_id, user_id=user_id, kind=kind, digest=digest,
            defaults={"address": encrypt(clean), "hint": _hint(kind, clean), "position": rows.count() + 1},
        )  # fmt: skip
        if is_new:
            record(actor, action="contact.add", target=method, summary=f"{actor.label} added {method}")
    if is_new:  # otherwise the concurrent request that added it sends the code
        _send_code(actor, method)
    return method


def send_code(actor: Actor, *, method_id: int) -> None:
    """Send a new code: at most one a minute, 20 an hour. Raises what `add_method` does, NotFound."""
    method = _own(actor, method_id)
    _refuse_too_soon(method)
    _charge_code(method.user_id, "No code was sent.")
    _send_code(actor, method)


def _refuse_too_soon(method: ContactMethod) -> None:
    if method.code_expires_at and method.code_expires_at - CODE_LIFE + CODE_EVERY > timezone.now():
        raise Conflict("A code was sent less than a minute ago. Wait for it, or ask again in a minute.")


def _charge_code(user_id: int, outcome: str) -> None:
    try:
        rate_limiter().charge(Limit(f"contact-code:{user_id}", MAX_CODES_AN_HOUR, 3600, "codes an hour"))
    except RateLimited as refusal:
        text = f"A person is sent at most {MAX_CODES_AN_HOUR} codes an hour. {outcome} Try again in an hour."
        raise RateLimited(text, headers=refusal.headers) from refusal


def _send_code(actor: Actor, method: ContactMethod) -> None:
    now = timezone.now()
    code = f"{secrets.randbelow(1_000_000):06d}"
    ContactMethod.objects.of(actor.workspace_id).filter(pk=method.pk).update(
        code_digest=_code_digest(method, code), code_expires_at=now + CODE_LIFE, code_attempts=0
    )
    message = Message(
        public_id=str(uuid4()),
        event_kind="code",
        subject=f"{code} is your Tocsin code",
        lines=("Enter it on the page of your contact methods. It is valid for 15 minutes.",),
        snapshot={"url": f"{settings.BASE_URL}/settings/contacts"},
        workspace_id=actor.workspace_id,
    )
    try:
        kind, target = kind_and_target(method)
        if not connection.in_atomic_block:
            connection.close()
        kind.send(target, message)
    except (PassingError, PermanentError) as error:
        ContactMethod.objects.of(actor.workspace_id).filter(pk=method.pk).update(code_expires_at=None)
        raise Unavailable(f"The code could not be sent: {error}") from error


def verify_method(actor: Actor, *, method_id: int, code: str) -> ContactMethod:
    """Verify by the code; five attempts. Raises Forbidden, NotFound, Invalid."""
    method = _own(actor, method_id)
    rows = ContactMethod.objects.of(actor.workspace_id).filter(pk=method.pk)
    if method.verified_at is not None:
        return method
    is_open = rows.filter(code_attempts__lt=MAX_CODE_ATTEMPTS, code_expires_at__gt=timezone.now())
    if not is_open.update(code_attempts=F("code_attempts") + 1):
        raise _invalid("code", "has expired; send a new one")
    if not hmac.compare_digest(method.code_digest, _code_digest(method, code.strip())):
        raise _invalid("code", "is not the one that was sent")
    with transaction.atomic():
        rows.update(verified_at=timezone.now(), code_digest="", code_expires_at=None)
        record(actor, action="contact.verify", target=method, summary=f"{actor.label} verified {method}")
        if method.kind == ContactMethod.Kind.EMAIL:
            prove_address(method.user_id, decrypt(method.address))
    method.refresh_from_db()
    return method


def remove_method(actor: Actor, *, method_id: int) -> None:
    """Raises Forbidden, NotFound."""
    method = _own(actor, method_id)
    with transaction.atomic():
        record(actor, action="contact.remove", target=method, summary=f"{actor.label} removed {method}")
        method.delete()


def set_quiet_hours(actor: Actor, *, quiet_from: time | None, quiet_until: time | None) -> None:
    """Set the local times between which notices wait; None clears them. Raises Forbidden, Invalid."""
    rows = QuietHours.objects.of(actor.workspace_id).filter(user_id=_person(actor, WRITE))
    if (quiet_from is None) != (quiet_until is None):
        raise _invalid("quiet_until", "and the start are both required, or neither")
    if quiet_from is None or quiet_until is None:
        rows.delete()
        return
    if quiet_from == quiet_until:
        raise _invalid("quiet_until", "must differ from the start")
    if not rows.update(quiet_from=quiet_from, quiet_until=quiet_until):
        QuietHours.objects.create(
            workspace_id=actor.workspace_id, user_id=actor.user_id,
            quiet_from=quiet_from, quiet_until=quiet_until,
        )  # fmt: skip


def quiet_hours_of(actor: Actor) -> QuietHours | None:
    """The actor's own quiet hours. Raises Forbidden."""
    found: QuietHours | None = (
        QuietHours.objects.of(actor.workspace_id).filter(user_id=_person(actor, READ)).first()
    )
    return found


def _person(actor: Actor, scopes: tuple[Scope, ...]) -> int:
    if actor.user_id is None:
        raise Forbidden("Only a person has contact methods. Nothing was changed.")
    require_scope(actor, *scopes)
    return actor.user_id


def _own(actor: Actor, method_id: int) -> ContactMethod:
    """Return the actor's own method, to change it."""
    rows = ContactMethod.objects.of(actor.workspace_id).filter(user_id=_person(actor, WRITE), pk=method_id)
    found: ContactMethod | None = rows.first()
    if found is None:
        raise NotFound("You have no such contact method.")
    return found


def _code_digest(method: ContactMethod, code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{method.pk}:{code}".encode(), "sha256").hexdigest()


def _clean(kind: str, address: str) -> str:
    clean = address.strip()
    if kind not in ContactMethod.Kind.values:
        raise _invalid("kind", f"must be one of {', '.join(ContactMethod.Kind.values)}")
    if not 1 <= len(clean) <= 1000 or "\0" in clean:
        raise _invalid("address", "must have 1 to 1000 characters")
    if kind == ContactMethod.Kind.EMAIL:
        try:
            validate_email(clean)
        except ValidationError:
            raise _invalid("address", "is not an email address") from None
    if kind == ContactMethod.Kind.SLACK and not (clean[:1] in "UW" and clean.isalnum() and len(clean) >= 8):
        raise _invalid("address", "must be a Slack member ID, such as U0123456789")
    if kind == ContactMethod.Kind.APPRISE and (fault := entry_fault(clean)):
        raise _invalid("address", fault)
    return clean


def _hint(kind: str, address: str) -> str:
    if kind == ContactMethod.Kind.EMAIL:
        name, _, host = address.partition("@")
        return f"{name[:2]}…@{host}"[:80]
    return f"{scheme_of(address)}://…" if kind == ContactMethod.Kind.APPRISE else f"…{address[-4:]}"


def _invalid(field: str, text: str) -> Invalid:
    return Invalid(f"{field} {text}. Nothing was changed.", faults=[FieldFault(field, "value", text)])
