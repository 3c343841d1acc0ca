"""Previews which channels would be notified of an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.actor import Actor
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.channels.selectors import channels_for
from notifications.routes.decision import decide
from notifications.routes.selectors import receivers_of, rules_of
from notifications.silences.muting import would_mute


@dataclass(frozen=True, slots=True)
class PreviewedChannel:
    """A channel, the route that chose it, and what may prevent delivery."""

    channel: Channel
    is_page: bool
    why: str
    caution: str


def preview(
    actor: Actor,
    *,
    severity: str,
    event_kind: str = "incident.opened",
    incident_type: str = "other",
    components: Sequence[str] = (),
) -> list[PreviewedChannel]:
    """Channels that would be notified, by the same decision as for real deliveries. Raises Forbidden."""
    channels = {channel.pk: channel for channel in channels_for(actor)}
    snapshot = {"severity": severity, "type": incident_type, "components": list(components), "labels": {}}
    rules, receivers = rules_of(actor.workspace_id), receivers_of(list(channels.values()))
    muted = would_mute(actor.workspace_id, snapshot, timezone.now())
    return [
        PreviewedChannel(
            channels[one.channel_id], one.priority == 0, one.why, muted or _caution(channels[one.channel_id])
        )
        for one in decide(event_kind, snapshot, rules, receivers)
        if CHANNEL_KINDS.get(channels[one.channel_id].kind).accepts(event_kind)
    ]


def _caution(channel: Channel) -> str:
    if channel.state == Channel.State.BROKEN:
        return f"Broken: {channel.reason}"
    return "Failing" if channel.state == Channel.State.FAILING else ""
