"""Changes to accounts by operators in the admin."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Membership, Role, User
from accounts.oncall.services.shifts import refill_shifts_of
from core.errors import Conflict

SWITCHES: Final = ("is_active", "is_staff", "is_superuser")


def save_person(user: User, *, person: User, fields: Iterable[str]) -> None:
    """Store `fields` of an account as changed by `user`; deactivating ends the person's sessions and shifts.

    Raises Conflict for an operator's own flags, and for the last active admin of a workspace.
    """
    names = list(fields)
    if not names:
        return
    with transaction.atomic():
        check_person(user, person=person, fields=names)
        # Not FOR UPDATE, for which a schedule that stores the person's shifts at the moment would wait.
        before = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        person.save(update_fields=names)
        if not person.is_active:
            person.sessions.all().delete()
        if before.is_active != person.is_active:
            for mine in person.memberships.order_by("workspace_id"):
                refill_shifts_of(mine.workspace_id, person.pk, now=timezone.now())
        changes = {name: [_plain(getattr(one, name)) for one in (before, person)] for name in names}
        summary = f"{user.label} changed the account of {person.label}: {', '.join(names).replace('_', ' ')}"
        _note(user, person, "account.update", summary, changes)


def note_new_password(user: User, *, person: User) -> None:
    """Audit a password that `user` set for someone, and end all of that person's sessions."""
    person.sessions.all().delete()
    _note(user, person, "account.password", f"{user.label} set a new password for {person.label}", {})


def check_person(user: User, *, person: User, fields: Iterable[str]) -> None:
    """Raise Conflict if `save_person` would."""
    switched = [name for name in fields if name in SWITCHES]
    if switched and person.pk == user.pk:
        raise Conflict("You cannot change your own role. Ask another admin.")
    if "is_active" in switched and not person.is_active:
        _keep_admins(person)


def _plain(value: object) -> object:
    """Return the value as the audit trail stores it."""
    return value.isoformat() if isinstance(value, datetime) else value


def _keep_admins(person: User) -> None:
    for mine in person.memberships.filter(role=Role.ADMIN).select_related("workspace"):
        admins = Membership.objects.of(mine.workspace_id).filter(role=Role.ADMIN, user__is_active=True)
        if not admins.exclude(user=person).exists():
            last = f"{person.label} is the last admin of {mine.workspace}."
            raise Conflict(f"{last} Make someone else admin first.")


def _note(user: User, person: User, action: str, summary: str, changes: dict[str, list[object]]) -> None:
    """Write one audit entry, in the first workspace of the person, else of the operator."""
    home = person.memberships.order_by("id").first() or user.memberships.order_by("id").first()
    if home is not None:
        mine: Membership | None = user.memberships.filter(workspace_id=home.workspace_id).first()
        role = Role(mine.role) if mine else None
        actor = Actor(home.workspace_id, "user", user.label, user_id=user.pk, role=role)
        record(actor, action=action, target=person, summary=summary, changes=changes)
