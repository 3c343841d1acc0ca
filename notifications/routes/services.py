"""Changes the routes of a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Invalid
from incidents.vocabulary import IncidentType, Severity
from notifications.channels.kind import CHANNEL_KINDS
from notifications.channels.models import Channel
from notifications.routes.decision import DEFAULT_RULES, EVENT_KINDS
from notifications.routes.models import Route
from notifications.routes.selectors import route_for

MAX_ROUTES: Final = 200
MAX_WORDS: Final = 50


@dataclass(frozen=True)
class RouteValues:
    """Values of a route. Empty filters match everything."""

    name: str
    severities: Sequence[str] = ()
    types: Sequence[str] = ()
    components: Sequence[str] = ()
    event_kinds: Sequence[str] = ()
    label: str = ""
    kinds: Sequence[str] = ()
    channel_ids: Sequence[int] = ()
    is_enabled: bool = True


def customize_routes(actor: Actor) -> None:
    """Copy the default routes to the workspace, so that they can be changed. Idempotent. Raises Forbidden."""
    require(actor, Capability.CHANNELS_WRITE)
    with transaction.atomic():
        _lock(actor)
        if Route.objects.of(actor.workspace_id).exists():
            return
        for position, rule in enumerate(DEFAULT_RULES, start=1):
            route = Route.objects.create(
                workspace_id=actor.workspace_id,
                position=position,
                name=rule.name,
                severities=sorted(rule.severities),
                event_kinds=sorted(rule.event_kinds),
                kinds=sorted(rule.kinds),
            )
        record(actor, action="route.customize", target=route, summary=f"{actor.label} customized the routes")


def save_route(actor: Actor, values: RouteValues, *, route_id: int | None = None) -> Route:
    """Append a route, or change one. Raises Forbidden, NotFound, Conflict, Invalid."""
    require(actor, Capability.CHANNELS_WRITE)
    fields, channels = _checked(actor, values)
    with transaction.atomic():
        _lock(actor)
        rows = Route.objects.of(actor.workspace_id)
        if route_id is None:
            if rows.count() >= MAX_ROUTES:
                raise Conflict(f"A workspace has at most {MAX_ROUTES} routes. Nothing was created.")
            position = (rows.aggregate(last=Max("position"))["last"] or 0) + 1
            route: Route = Route.objects.create(workspace_id=actor.workspace_id, position=position, **fields)
            action = "created"
        else:
            route = route_for(actor, route_id)
            for name, value in fields.items():
                setattr(route, name, value)
            route.save()
            action = "changed"
        route.channels.set(channels)
        summary = f"{actor.label} {action} the route {route.name}"
        record(actor, action=f"route.{action[:-1]}", target=route, summary=summary)
    return route


def delete_route(actor: Actor, *, route_id: int) -> None:
    """Raises Forbidden, NotFound."""
    require(actor, Capability.CHANNELS_WRITE)
    with transaction.atomic():
        route = route_for(actor, route_id)
        record(
            actor,
            action="route.delete",
            target=route,
            summary=f"{actor.label} deleted the route {route.name}",
        )
        route.delete()


def _lock(actor: Actor) -> None:
    Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)


def _checked(actor: Actor, values: RouteValues) -> tuple[dict[str, Any], list[Channel]]:
    name = " ".join(values.name.split())
    faults = []
    if not 1 <= len(name) <= 80:
        faults.append(FieldFault("name", "length", "must have 1 to 80 characters"))
    for field, given, known in (
        ("severities", values.severities, Severity.values),
        ("types", values.types, IncidentType.values),
        ("event_kinds", values.event_kinds, EVENT_KINDS),
        ("kinds", values.kinds, CHANNEL_KINDS.names()),
    ):
        if wrong := [word for word in given if word not in known]:
            faults.append(FieldFault(field, "choice", f"has the unknown value {', '.join(wrong)[:100]}"))
    components = [" ".join(word.split()) for word in values.components if word.strip()]
    if len(components) > MAX_WORDS or any(len(word) > 200 for word in components):
        faults.append(
            FieldFault("components", "length", f"must be at most {MAX_WORDS} names of 200 characters")
        )
    if values.label and ("=" not in values.label or len(values.label) > 300):
        faults.append(FieldFault("label", "value", "must be key=value"))
    channels = list(Channel.objects.of(actor.workspace_id).filter(pk__in=list(values.channel_ids)))
    if len(channels) != len(set(values.channel_ids)):
        faults.append(FieldFault("channels", "choice", "must be channels of this workspace"))
    if faults:
        raise Invalid("The route was not saved.", faults=faults)
    fields = {
        "name": name,
        "severities": sorted(set(values.severities)),
        "types": sorted(set(values.types)),
        "components": sorted(set(components)),
        "event_kinds": sorted(set(values.event_kinds)),
        "label": values.label.strip(),
        "kinds": sorted(set(values.kinds)),
        "is_enabled": values.is_enabled,
    }
    return fields, channels
