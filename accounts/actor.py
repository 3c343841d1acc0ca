"""The authenticated actor: the first argument of every service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from accounts.models import Role

SEES_ALL: Final = 0
LOCAL: Final = -(2**62)  # API callers on this machine in open local mode
NO_ONE: Final = LOCAL - 1


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone or something acting in one workspace.

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

    @property
    def viewer(self) -> int:
        """Return the viewer id for private objects: `SEES_ALL` for admins, Tocsin and senders of alerts.

        Else a person's id, or for a machine minus the id of its token.
        """
        if self.kind in ("system", "source") or self.role == Role.ADMIN:
            return SEES_ALL
        if self.user_id is not None:
            return self.user_id
        if self.token_id is not None:
            return -self.token_id
        return LOCAL if self.kind == "local" else NO_ONE


def system_actor(workspace_id: int, label: str = "Tocsin") -> Actor:
    """Return an actor for Tocsin itself, allowed everything a rule may do."""
    return Actor(workspace_id=workspace_id, kind="system", label=label)
