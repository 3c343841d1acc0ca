"""Plans invitations to a drill: a notice to each drill channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.queue.models import Priority
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.deliveries.planning import plan_to_channel


def plan_invitations(workspace_id: int, drill: Mapping[str, Any], *, event_key: str) -> int:
    """Plan one delivery per drill channel, except kinds such as PagerDuty. Returns how many are new."""
    title, by = drill["title"], drill["planned_by"]
    payload = {
        "event_kind": "drill.planned",
        "subject": f"[DRILL] Join the drill: {title}",
        "details": {
            "message": f"{by} planned a drill. Only participants are notified.",
            "url": drill["url"],
        },
    }  # fmt: skip
    channels = Channel.objects.of(workspace_id).filter(is_for_drills=True, is_enabled=True)
    return sum(
        plan_to_channel(
            workspace_id, channel_id=channel.pk, event_key=event_key, event_kind="drill.planned",
            payload=payload, why="Invitation to a drill", priority=Priority.NOTICE,
        )
        for channel in channels
        if CHANNEL_KINDS.get(channel.kind).accepts("drill.planned")
    )  # fmt: skip
