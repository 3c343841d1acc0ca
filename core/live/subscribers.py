"""Outbox subscriber that publishes a live signal for every event."""

from __future__ import annotations

import json

import redis

from core.models import OutboxEvent
from core.outbox.events import subscriber
from core.queue.nudge import valkey
from core.queue.retry import PassingError


def live_channel(workspace_id: int) -> str:
    """Return the Valkey channel that carries one workspace's signals."""
    return f"tocsin:live:{workspace_id}"


@subscriber("live", topics=("*",))
def signal_open_pages(event: OutboxEvent) -> None:
    """Publish {"workspace", "topics", "version", "viewers"}; `version` is the outbox event's id, which grows.

    `viewers`: ids of those who may see it, if the snapshot restricts it; null: the whole workspace.

    Raises PassingError while Valkey is down: a late signal only makes a page fetch its panels again.
    """
    topics = event.payload.get("live") or []
    if not topics:
        return
    body = {
        "workspace": event.workspace_id,
        "topics": topics,
        "version": event.pk,
        "viewers": _viewers(event),
    }
    try:
        valkey().publish(live_channel(event.workspace_id), json.dumps(body))
    except (redis.RedisError, OSError) as error:
        raise PassingError(f"Valkey cannot be reached: {error}") from error


def _viewers(event: OutboxEvent) -> list[int] | None:
    if event.payload.get("live_for_all"):
        return None
    snapshot = event.payload.get("snapshot") or {}
    viewers: list[int] | None = snapshot.get("viewers")
    return viewers
