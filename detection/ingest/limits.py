"""Event rate limits per token and per workspace."""

from __future__ import annotations

from django.conf import settings

from accounts.actor import Actor
from core.rate_limit.limiter import Limit, rate_limiter


def limits_of(actor: Actor) -> list[Limit]:
    """Return the limits of a sender: its workspace's, and its token's if it has one."""
    of_all, of_token = (f"events a second for this {whose}" for whose in ("workspace", "token"))
    limits = [Limit(f"workspace:{actor.workspace_id}", settings.EVENT_LIMIT_PER_WORKSPACE, unit=of_all)]
    if actor.token_id is not None:
        limits.append(Limit(f"token:{actor.token_id}", settings.EVENT_LIMIT_PER_TOKEN, unit=of_token))
    return limits


def charge(actor: Actor, events: int) -> None:
    """Charge every limit of the sender. Raises RateLimited; may wait for the database."""
    for limit in limits_of(actor):
        rate_limiter().charge(limit, events)
