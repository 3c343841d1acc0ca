"""Reads channels."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from notifications.channels.models import Channel


def channels_for(actor: Actor) -> Sequence[Channel]:
    """All channels of the workspace, by name. Raises Forbidden."""
    require(actor, Capability.CHANNELS_READ)
    return list(Channel.objects.of(actor.workspace_id).select_related("fallback").order_by("name"))


def channel_for(actor: Actor, channel_id: int) -> Channel:
    """Raises Forbidden, NotFound."""
    require(actor, Capability.CHANNELS_READ)
    rows = Channel.objects.of(actor.workspace_id).select_related("fallback")
    found: Channel | None = rows.filter(pk=channel_id).first()
    if found is None:
        raise NotFound("There is no such channel in this workspace.")
    return found


def broken_channels() -> list[Channel]:
    """Enabled channels in state `broken`, in all workspaces; the first 100."""
    rows = Channel.across_workspaces.filter(state=Channel.State.BROKEN, is_enabled=True)
    return list(rows.order_by("pk")[:100])
