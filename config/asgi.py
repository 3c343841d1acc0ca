"""The web process: the two hot doors first, Django for everything else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from config.boot import django_application
from core import live
from detection.ingest import asgi as ingest

Scope = dict[str, Any]
Channel = Callable[..., Awaitable[Any]]
Application = Callable[[Scope, Channel, Channel], Awaitable[None]]

# (method, path) of what skips Django's request cycle; whatever is not here goes through it.
MOUNTS: dict[tuple[str, str], Application] = {
    ("GET", "/live"): live.application,
    ("POST", "/api/v1/events"): ingest.application,
}


async def application(scope: Scope, receive: Channel, send: Channel) -> None:
    """The ASGI callable. Serves HTTP only; start it with an interface that sends no lifespan messages."""
    chosen = MOUNTS.get((scope.get("method", ""), scope.get("path", "")), django_application)
    await chosen(scope, receive, send)
