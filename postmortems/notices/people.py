"""Notifies members by their contact methods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings

from accounts.models import Membership, Role
from core.queue.models import Priority
from notifications.deliveries.planning import plan_page


def notify_members(
    workspace_id: int,
    user_ids: Iterable[int],
    *,
    key: str,
    kind: str,
    subject: str,
    path: str,
    why: str,
    lines: Sequence[str] = (),
) -> int:
    """Plan one notice to each of these members. Idempotent by `key`.

    Returns how many deliveries are new; 0 if no one can be reached.
    """
    payload: dict[str, Any] = {
        "event_kind": kind,
        "subject": subject,
        "details": {"lines": list(lines), "url": f"{settings.BASE_URL}{path}"},
    }
    return sum(
        plan_page(
            workspace_id, user_id=user_id, event_key=key, event_kind=kind, payload=payload, why=why,
            priority=Priority.NOTICE,
        )
        for user_id in dict.fromkeys(user_ids)
    )  # fmt: skip


def managers_of(workspace_id: int) -> list[int]:
    """The active managers and admins of a workspace."""
    rows = Membership.objects.of(workspace_id).filter(
        role__in=(Role.MANAGER, Role.ADMIN), user__is_active=True
    )
    return list(rows.order_by("user_id").values_list("user_id", flat=True))
