"""The API of routes: which channels are notified of which events."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from notifications.routes.decision import DEFAULT_RULES, Rule
from notifications.routes.models import Route
from notifications.routes.preview import preview
from notifications.routes.selectors import as_rule, routes_for
from notifications.routes.services import RouteValues, customize_routes, delete_route, save_route

router = Router(tags=["Notifications"])


class RoutePath(Schema):
    """A route by id."""

    route_id: int = Field(ge=1, le=2**63 - 1, description="The id of a route of the workspace.")


class RouteIn(Schema):
    """A route. Empty filters match everything."""

    name: str = Field(max_length=80, description="Its purpose, such as `Payments to Ops`.")
    severities: list[str] = Field(default_factory=list, max_length=4, description="`sev1` to `sev4`.")
    types: list[str] = Field(default_factory=list, max_length=50, description="Incident types.")
    components: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="Names of components; any affected one matches.",
    )
    event_kinds: list[str] = Field(
        default_factory=list, max_length=50, description="Events, such as `incident.opened`."
    )
    label: str = Field("", max_length=300, description="A label of the incident: `key=value`.")
    kinds: list[str] = Field(
        default_factory=list, max_length=20, description="Notifies all channels of these kinds."
    )
    channel_ids: list[int] = Field(
        default_factory=list, max_length=200, description="Ids of channels to notify."
    )
    enabled: bool = Field(True, description="False: the route is disabled.")


class RouteOut(Schema):
    """A route in effect. Empty filters match everything."""

    id: int | None = Field(None, description="Its id; null for a default route, which is read-only.")
    name: str
    severities: list[str]
    types: list[str]
    components: list[str]
    event_kinds: list[str]
    label: str
    kinds: list[str]
    channel_ids: list[int]
    enabled: bool = Field(True, description="Whether the route is enabled.")


class PreviewQuery(Schema):
    """A hypothetical incident."""

    severity: str = Field("sev1", max_length=4)
    event_kind: str = Field("incident.opened", max_length=80)
    incident_type: str = Field("other", max_length=40)
    component: list[str] = Field(default_factory=list, max_length=50)


class RecipientOut(Schema):
    """A channel that would be notified."""

    channel_id: int
    name: str
    is_page: bool
    why: str
    caution: str


def _rule(rule: Rule) -> dict[str, Any]:
    fields = ("severities", "types", "components", "event_kinds", "kinds", "channel_ids")
    return {"name": rule.name, "label": rule.label} | {name: sorted(getattr(rule, name)) for name in fields}


def route_json(route: Route) -> dict[str, Any]:
    """The fields of `RouteOut`."""
    return _rule(as_rule(route)) | {"id": route.pk, "enabled": route.is_enabled}


def _values(body: RouteIn) -> RouteValues:
    given = body.dict()
    return RouteValues(is_enabled=given.pop("enabled"), **given)


@router.get("", response=list[RouteOut], summary="List routes")
def list_routes(request: HttpRequest) -> list[dict[str, Any]]:
    """The routes of the workspace, or the defaults. Needs `incidents:read`."""
    own = routes_for(actor_in(request))
    return [route_json(route) for route in own] if own else [_rule(rule) for rule in DEFAULT_RULES]


@router.post("", response={201: RouteOut}, summary="Create a route")
def post_route(request: HttpRequest, body: RouteIn) -> Status[dict[str, Any]]:
    """Appends a route. The first one replaces the default routes: see "Customize". Needs `admin`."""
    return Status(201, route_json(save_route(actor_in(request), _values(body))))


@router.post("/customize", response=list[RouteOut], summary="Customize the default routes")
def post_customize(request: HttpRequest) -> list[dict[str, Any]]:
    """Copies the default routes to the workspace, so that they can be changed (idempotent). Needs `admin`."""
    actor = actor_in(request)
    customize_routes(actor)
    return [route_json(route) for route in routes_for(actor)]


@router.get("/preview", response=list[RecipientOut], summary="Preview who would be notified")
def get_preview(request: HttpRequest, query: Query[PreviewQuery]) -> list[dict[str, Any]]:
    """By the same decision as for real deliveries. Needs `incidents:read`."""
    given = query.dict()
    notified = preview(actor_in(request), components=given.pop("component"), **given)
    return [
        {
            "channel_id": one.channel.pk, "name": one.channel.name, "is_page": one.is_page, "why": one.why,
            "caution": one.caution,
        }
        for one in notified
    ]  # fmt: skip


@router.put("/{route_id}", response=RouteOut, summary="Replace a route")
def put_route(request: HttpRequest, path: Path[RoutePath], body: RouteIn) -> dict[str, Any]:
    """Omitted fields become empty. Needs `admin`."""
    return route_json(save_route(actor_in(request), _values(body), route_id=path.route_id))


@router.delete("/{route_id}", response={204: None}, summary="Delete a route")
def remove_route(request: HttpRequest, path: Path[RoutePath]) -> Status[None]:
    """Without routes of its own, the defaults apply again. Needs `admin`."""
    delete_route(actor_in(request), route_id=path.route_id)
    return Status(204, None)
