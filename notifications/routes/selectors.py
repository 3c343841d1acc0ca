"""Reads routes and channels for the decision."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.routes.decision import DEFAULT_RULES, Receiver, Rule
from notifications.routes.models import Route


def routes_for(actor: Actor) -> list[Route]:
    """The workspace's own routes in order; empty while it uses the defaults. Raises Forbidden."""
    require(actor, Capability.CHANNELS_READ)
    return list(Route.objects.of(actor.workspace_id).prefetch_related("channels").order_by("position"))


def route_for(actor: Actor, route_id: int) -> Route:
    """Raises Forbidden, NotFound."""
    require(actor, Capability.CHANNELS_READ)
    found: Route | None = Route.objects.of(actor.workspace_id).filter(pk=route_id).first()
    if found is None:
        raise NotFound("There is no such route in this workspace.")
    return found


def rules_of(workspace_id: int) -> Sequence[Rule]:
    """The routes in effect: the workspace's own, else the defaults."""
    rows = Route.objects.of(workspace_id).prefetch_related("channels").order_by("position")
    own = list(rows)
    if not own:
        return DEFAULT_RULES
    return [as_rule(route) for route in own if route.is_enabled]


def as_rule(route: Route) -> Rule:
    """A stored route as a `Rule`."""
    return Rule(
        name=route.name,
        kinds=frozenset(route.kinds),
        channel_ids=frozenset(channel.pk for channel in route.channels.all()),
        severities=frozenset(route.severities),
        types=frozenset(route.types),
        components=frozenset(route.components),
        event_kinds=frozenset(route.event_kinds) or Rule("").event_kinds,
        label=route.label,
    )


def receivers_of(channels: Sequence[Channel]) -> list[Receiver]:
    """Channels as `Receiver`s, without those of an unknown kind."""
    return [
        Receiver(
            channel.pk,
            channel.kind,
            channel.is_enabled,
            CHANNEL_KINDS.get(channel.kind).is_always_page,
            channel.is_for_drills,
        )
        for channel in channels
        if channel.kind in CHANNEL_KINDS
    ]
