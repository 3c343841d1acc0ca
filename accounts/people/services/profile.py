"""Changes people make to their own profile."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import User
from accounts.validation import clean_email, clean_name, clean_theme, clean_time_zone, invalid
from core.errors import Forbidden


def update_profile(
    actor: Actor,
    *,
    display_name: str,
    email: str,
    time_zone: str,
    theme: str,
    keyboard_shortcuts: bool,
) -> User:
    """Change the actor's own profile. An empty display name shows the user name.

    Raises Forbidden for machines, Invalid naming the field.
    """
    if actor.user_id is None:
        raise Forbidden("Only a person has a profile.")
    wanted = {
        "display_name": clean_name(display_name, field="display_name") if display_name.strip() else "",
        "email": clean_email(email),
        "time_zone": clean_time_zone(time_zone),
        "theme": clean_theme(theme),
        "keyboard_shortcuts": keyboard_shortcuts,
    }
    try:
        with transaction.atomic():
            return _save(actor, User.objects.select_for_update().get(pk=actor.user_id), wanted)
    except IntegrityError as error:
        raise invalid("email", "unique", "belongs to someone else") from error


def _save(actor: Actor, user: User, wanted: dict[str, Any]) -> User:
    changes = {name: [getattr(user, name), value] for name, value in wanted.items()}
    changes = {name: pair for name, pair in changes.items() if pair[0] != pair[1]}
    if not changes:
        return user
    if "email" in changes and User.objects.filter(email__iexact=wanted["email"]).exclude(pk=user.pk).exists():
        raise invalid("email", "unique", "belongs to someone else")
    for name, (_, value) in changes.items():
        setattr(user, name, value)
    proof = ["address_proven_at", "address_proven_in"] if "email" in changes else []
    if proof:
        # The earlier address was verified, not this one.
        user.address_proven_at = user.address_proven_in = None
    user.save(update_fields=[*changes, *proof])
    summary = f"{user.label} changed their profile: {', '.join(changes).replace('_', ' ')}"
    record(actor, action="profile.update", target=user, summary=summary, changes=changes)
    return user
