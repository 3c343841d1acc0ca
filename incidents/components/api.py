"""API of components."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.actor import Actor
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from incidents.components.filters import NAMES, parse_component_filter
from incidents.components.schemas import (
    ComponentDetailOut,
    ComponentIn,
    ComponentOut,
    ComponentPatchIn,
    ComponentQuery,
)
from incidents.components.selectors import (
    ComponentState,
    component_for,
    components_page,
    neighbours,
    state_of,
)
from incidents.components.services.editing import create_component, edit_component
from incidents.lifecycle.versions import etag, version_from
from incidents.models import Component

router = Router(tags=["Components"])
NULLABLE: Final = ("owner", "schedule_id")
LISTED: Final = ("limit", "cursor", *NAMES)


class ComponentName(Schema):
    """The exact name that events use; it may contain slashes."""

    name: str = Field(max_length=200)


def component_json(state: ComponentState) -> dict[str, Any]:
    """Return the fields of `ComponentOut`."""
    one, load = state.component, state.load
    return {
        "id": one.pk,
        "name": one.name,
        "description": one.description,
        "owner": one.owner.username if one.owner else None,
        "tier": one.tier,
        "runbook_url": one.runbook_url,
        "health_url": one.health_url,
        "schedule_id": one.schedule_id,
        "archived_at": one.archived_at,
        "health": load.health.percent,
        "standing": load.health.standing,
        "open_incidents": load.open_count,
        "last_event_at": state.last_event_at,
        "version": one.version,
        "url": f"{settings.BASE_URL}/components/{one.pk}",
    }


def _response(actor: Actor, component: Component, response: HttpResponse) -> dict[str, Any]:
    needs, needed_by = neighbours(actor, component)
    response["ETag"] = etag(component.version)
    return component_json(state_of(actor, component)) | {
        "depends_on": [state.component.name for state in needs],
        "needed_by": [state.component.name for state in needed_by],
    }


@router.get("", response=list[ComponentOut], summary="List components")
def list_components(request: HttpRequest, response: HttpResponse, query: Query[ComponentQuery]) -> Any:
    """List components: those affected by incidents first, the worst at the top, then by tier and name."""
    known_only(request, LISTED)
    wanted = parse_component_filter(request.GET.dict())
    page = components_page(actor_in(request), wanted, cursor=query.cursor or None, limit=query.limit)
    link_pages(request, response, page.next_cursor)
    return [component_json(state) for state in page.items]


@router.post("", response={201: ComponentDetailOut}, summary="Add a component")
def add_component(request: HttpRequest, response: HttpResponse, body: ComponentIn) -> Any:
    """Add a component before any event names it; others are created when an event first names them."""
    actor = actor_in(request)
    made = create_component(actor, name=body.name, wanted=body.model_dump(exclude={"name"}))
    response["Location"] = f"{request.path}/{quote(made.name, safe='')}"
    return Status(201, _response(actor, made, response))


@router.get("/{path:name}", response=ComponentDetailOut, summary="Show a component")
def show_component(request: HttpRequest, response: HttpResponse, where: Path[ComponentName]) -> Any:
    """Return a component with its health, its dependencies and its dependents."""
    actor = actor_in(request)
    return _response(actor, component_for(actor, name=where.name), response)


@router.patch("/{path:name}", response=ComponentDetailOut, summary="Change a component")
def patch_component(
    request: HttpRequest, response: HttpResponse, where: Path[ComponentName], body: ComponentPatchIn
) -> Any:
    """Change a component, all or nothing. Send `version` or `If-Match` to get 409 for a stale change.

    A dependency cycle is refused with 422, naming the cycle.
    """
    actor = actor_in(request)
    found = component_for(actor, name=where.name)
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    wanted = {name: value for name, value in given.items() if value is not None or name in NULLABLE}
    version = version_from(request, body.version)
    changed = edit_component(actor, component_id=found.pk, wanted=wanted, version=version)
    return _response(actor, component_for(actor, pk=changed.pk), response)
