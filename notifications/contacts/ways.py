"""Ways to reach people: verified contact methods, else the verified account address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import Membership, User
from notifications.contacts.models import ContactMethod


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a person. method: None for the account's email address."""

    user_id: int
    person: str
    name: str
    method: ContactMethod | None = None

    @property
    def destination(self) -> str:
        """`destination` of deliveries sent this way."""
        return f"account:{self.user_id}" if self.method is None else f"method:{self.method.pk}"


def sends_mail() -> bool:
    """Whether a mail server is configured."""
    return bool(settings.MAIL_FROM)


def ways_to(workspace_id: int, user_id: int) -> Sequence[Way]:
    """Ways to reach one member, in order of use; empty if nothing is verified."""
    return ways_of(workspace_id, user_ids=[user_id]).get(user_id, [])


def ways_of(workspace_id: int, *, user_ids: Sequence[int] | None = None) -> dict[int, list[Way]]:
    """Ways to reach all or some members of a workspace, by user id."""
    methods = ContactMethod.objects.of(workspace_id).filter(verified_at__isnull=False, user__is_active=True)
    members = Membership.objects.of(workspace_id).filter(user__is_active=True)
    if user_ids is not None:
        methods, members = methods.filter(user_id__in=user_ids), members.filter(user_id__in=user_ids)
    methods = methods.filter(user_id__in=members.values("user_id"))  # of who left, they are no way any more
    if not sends_mail():
        methods = methods.exclude(kind=ContactMethod.Kind.EMAIL)
    found: dict[int, list[Way]] = {}
    for one in methods.select_related("user").order_by("user_id", "position", "id"):
        found.setdefault(one.user_id, []).append(Way(one.user_id, one.user.label, str(one), one))
    if sends_mail():
        proven = members.filter(user__address_proven_at__isnull=False).exclude(user_id__in=found)
        for member in proven.select_related("user"):
            found[member.user_id] = [_account(member.user)]
    return found


def _account(user: User) -> Way:
    name, _, host = user.email.partition("@")
    return Way(user.pk, user.label, f"account email {name[:2]}…@{host}")


def is_member(workspace_id: int, user_id: int) -> bool:
    """Whether the person is an active member."""
    return bool(_active(workspace_id, user_id).exists())


def _active(workspace_id: int, user_id: int) -> QuerySet[Membership]:
    return Membership.objects.of(workspace_id).filter(user_id=user_id, user__is_active=True)


def account_address(workspace_id: int, user_id: int) -> str:
    """The verified account address of a member, or ""."""
    proven = _active(workspace_id, user_id).filter(user__address_proven_at__isnull=False)
    return str(proven.values_list("user__email", flat=True).first() or "")
