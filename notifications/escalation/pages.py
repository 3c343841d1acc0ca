"""Pages requested by an escalation, and the registry of planners that turn them into deliveries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from core.registry import Registry


@dataclass(frozen=True, slots=True)
class Page:
    """A page of one person or channel about an incident, unique by `event_key` and destination.

    is_notice: less urgent than a page: a reminder, or a new incident without a policy.
    """

    event_key: str
    incident_id: int
    reason: str
    user_id: int | None = None
    channel_id: int | None = None
    is_notice: bool = False


# (workspace, pages): writes delivery rows inside the caller's transaction; idempotent by event_key.
PlanPages = Callable[[int, Sequence[Page]], None]
PAGE_PLANNERS: Final[Registry[PlanPages]] = Registry("page planner")


def plan_pages(workspace_id: int, pages: Sequence[Page]) -> None:
    """Pass the pages to every registered planner, inside this transaction."""
    for planner in PAGE_PLANNERS:
        if pages:
            planner(workspace_id, pages)
