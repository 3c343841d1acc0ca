"""Stable key of an actor across requests. Pure."""

from __future__ import annotations

from accounts.actor import Actor


def actor_key(actor: Actor) -> str:
    """Who somebody is across requests: the person, else the token, else the label."""
    if actor.user_id is not None:
        return f"user:{actor.user_id}"
    return f"token:{actor.token_id}" if actor.token_id is not None else f"{actor.kind}:{actor.label}"
