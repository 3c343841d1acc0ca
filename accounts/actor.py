"""The authenticated actor: the first argument of every service."""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts.models import Role


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something acting in one workspace.

    kind: "user" (a signed-in member), "token" (an API token), "local" (a loopback caller without a token, in
    the mode `make run` starts), "source" (a sender of webhooks), "system" (detection, sweepers). `role` is
    set for users; `scopes` for tokens, sources and local callers. `user_id` is the person behind a user, or
    None.
    """

    workspace_id: int
    kind: str
    label: str
    user_id: int | None = None
    role: Role | None = None
    scopes: frozenset[str] = field(default_factory=frozenset)
    token_id: int | None = None
    request_id: str = ""


def system_actor(workspace_id: int, label: str = "Tocsin") -> Actor:
    """Tocsin itself, allowed everything a rule may do."""
    return Actor(workspace_id=workspace_id, kind="system", label=label)
