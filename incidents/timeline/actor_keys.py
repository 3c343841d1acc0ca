"""Stable key of an actor across requests. Pure."""

from __future__ import annotations

from accounts.actor import LOCAL, Actor


def actor_key(actor: Actor) -> str:
    """Return the key of an actor: the person, else the token, else the label."""
    if actor.user_id is not None:
        return f"user:{actor.user_id}"
    return f"token:{actor.token_id}" if actor.token_id is not None else f"{actor.kind}:{actor.label}"


def viewer_named(key: str) -> int | None:
    """Return `Actor.viewer` of the person or machine of a key, for admins as for others.

    None for other keys.
    """
    kind, _, number = key.partition(":")
    if kind == "local":
        return LOCAL
    if kind not in ("user", "token") or not number.isdecimal():
        return None
    return int(number) if kind == "user" else -int(number)
