"""The API of the status page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from status.pages.models import PublicComponent, StatusPage
from status.pages.selectors import components_on, page_of
from status.pages.services.components import (
    add_component,
    change_component,
    remove_component,
    set_component_state,
)
from status.pages.services.pages import delete_page, put_page
from status.publishing.drift_reading import drifts_for
from status.publishing.models import Maintenance
from status.publishing.selectors import WindowRow, maintenance_on, window_on, windows_on
from status.publishing.services.maintenance import cancel_maintenance, schedule_maintenance
from status.publishing.services.windows import hide_window, show_window
from status.schemas import (
    MaintenanceIn,
    MaintenanceOut,
    PageIn,
    PageOut,
    PublicWindowIn,
    PublicWindowOut,
    ShownComponentIn,
    ShownComponentOut,
    StateIn,
    SubscriberOut,
    WarningOut,
)
from status.subscriptions.selectors import subscribers_of
from status.subscriptions.services.subscribing import remove_subscriber

router = Router(tags=["Status page"])


class ComponentPath(Schema):
    """A component of the page."""

    component_id: str = Field(max_length=12, description="Id of the component on the page.")


class MaintenancePath(Schema):
    """Maintenance on the page."""

    maintenance_id: str = Field(max_length=12, description="Id of the maintenance.")


class SubscriberPath(Schema):
    """A subscriber of the page."""

    subscriber_id: UUID


class WindowPath(Schema):
    """A maintenance window."""

    window_id: int


def _page_json(page: StatusPage) -> dict[str, Any]:
    names = PageOut.model_fields.keys() - {"url"}
    return {name: getattr(page, name) for name in names} | {"url": f"{settings.BASE_URL}/status/{page.slug}"}


def _component_json(one: PublicComponent) -> dict[str, Any]:
    names = ("name", "description", "follows", "manual_state", "position")
    return {name: getattr(one, name) for name in names} | {
        "id": one.public_id,
        "group": one.group.name if one.group else "",
        "component": one.component.name if one.component else "",
    }


def _maintenance_json(one: Maintenance) -> dict[str, Any]:
    names = ("title", "description", "starts_at", "ends_at", "cancelled_at")
    found = {name: getattr(one, name) for name in names}
    return found | {"id": one.public_id, "components": [part.public_id for part in one.components.all()]}


def _window_json(one: WindowRow) -> dict[str, Any]:
    parts = one.shown.components.all() if one.shown else ()
    return {
        "window_id": one.window.pk, "name": one.window.name, "next_starts_at": one.next_at,
        "title": one.shown.public_title if one.shown else "",
        "components": [part.public_id for part in parts],
    }  # fmt: skip


@router.get("", response=PageOut, summary="Show the status page's settings")
def show_page(request: HttpRequest) -> Any:
    """404 if there is none. The public page is at `/status/<slug>/api/v2/summary.json`."""
    known_only(request, ())
    return _page_json(page_of(actor_in(request)))


@router.put("", response=PageOut, summary="Create or change the status page")
def save_page(request: HttpRequest, body: PageIn) -> Any:
    """A new page needs `title` and `slug`. Omitted fields stay as they are."""
    return _page_json(put_page(actor_in(request), values=body.dict(exclude_unset=True)))


@router.delete("", response={204: None}, summary="Delete the status page")
def drop_page(request: HttpRequest) -> Any:
    """With its components, history and subscribers."""
    delete_page(actor_in(request))
    return Status(204, None)


@router.get("/components", response=list[ShownComponentOut], summary="List the page's components")
def list_components(request: HttpRequest) -> Any:
    """In the order of the page."""
    known_only(request, ())
    return [_component_json(one) for one in components_on(actor_in(request))]


@router.post("/components", response={201: ShownComponentOut}, summary="Add a component to the page")
def new_component(request: HttpRequest, body: ShownComponentIn) -> Any:
    """`name` is public; `component` links it to the catalogue."""
    return Status(
        201, _component_json(add_component(actor_in(request), values=body.dict(exclude_unset=True)))
    )


@router.patch(
    "/components/{component_id}", response=ShownComponentOut, summary="Change a component of the page"
)
def edit_component(request: HttpRequest, where: Path[ComponentPath], body: ShownComponentIn) -> Any:
    """Omitted fields stay as they are."""
    values = body.dict(exclude_unset=True)
    return _component_json(change_component(actor_in(request), public_id=where.component_id, values=values))


@router.put(
    "/components/{component_id}/state", response=ShownComponentOut, summary="Set a component's state manually"
)
def put_state(request: HttpRequest, where: Path[ComponentPath], body: StateIn) -> Any:
    """Overrides incidents until it is set to ""."""
    found = set_component_state(actor_in(request), public_id=where.component_id, state=body.state)
    return _component_json(found)


@router.delete("/components/{component_id}", response={204: None}, summary="Take a component off the page")
def drop_component(request: HttpRequest, where: Path[ComponentPath]) -> Any:
    """With its history."""
    remove_component(actor_in(request), public_id=where.component_id)
    return Status(204, None)


@router.get("/maintenance", response=list[MaintenanceOut], summary="List scheduled maintenance")
def list_maintenance(request: HttpRequest) -> Any:
    """Upcoming, in progress, and ended in the last 90 days."""
    known_only(request, ())
    return [_maintenance_json(one) for one in maintenance_on(actor_in(request))]


@router.post("/maintenance", response={201: MaintenanceOut}, summary="Schedule maintenance")
def new_maintenance(request: HttpRequest, body: MaintenanceIn) -> Any:
    """Shown immediately; its state changes automatically at its start and end."""
    return Status(201, _maintenance_json(schedule_maintenance(actor_in(request), **body.dict())))


@router.delete("/maintenance/{maintenance_id}", response={204: None}, summary="End or cancel maintenance")
def end_maintenance(request: HttpRequest, where: Path[MaintenancePath]) -> Any:
    """Idempotent; the page shows that it is over."""
    cancel_maintenance(actor_in(request), public_id=where.maintenance_id)
    return Status(204, None)


@router.get(
    "/warnings", response=list[WarningOut], summary="List discrepancies between the page and incidents"
)
def list_warnings(request: HttpRequest) -> Any:
    """List warnings: an unpublished SEV1 after 15 minutes, an overdue update, or a held entry."""
    known_only(request, ())
    found = drifts_for(actor_in(request), timezone.now())
    return [
        {"kind": one.kind, "message": one.words, "incident": one.reference, "entry_id": one.entry_id}
        for one in found
    ]


@router.get("/windows", response=list[PublicWindowOut], summary="List maintenance windows for the page")
def list_windows(request: HttpRequest) -> Any:
    """By name."""
    known_only(request, ())
    return [_window_json(one) for one in windows_on(actor_in(request), now=timezone.now())]


@router.put("/windows/{window_id}", response=PublicWindowOut, summary="Show a maintenance window")
def put_window(request: HttpRequest, where: Path[WindowPath], body: PublicWindowIn) -> Any:
    """Its next occurrence appears within a minute, and each following one."""
    actor = actor_in(request)
    show_window(actor, window_id=where.window_id, **body.dict())
    return _window_json(window_on(actor, where.window_id, now=timezone.now()))


@router.delete("/windows/{window_id}", response={204: None}, summary="Stop showing a maintenance window")
def drop_window(request: HttpRequest, where: Path[WindowPath]) -> Any:
    """Removes its occurrences from the page. Idempotent."""
    hide_window(actor_in(request), window_id=where.window_id)
    return Status(204, None)


@router.get("/subscribers", response=list[SubscriberOut], summary="List the page's subscribers")
def list_subscribers(request: HttpRequest) -> Any:
    """The latest 500, including unconfirmed and unsubscribed ones."""
    known_only(request, ())
    return [
        {name: getattr(one, name) for name in SubscriberOut.model_fields if name != "id"}
        | {"id": one.public_id}
        for one in subscribers_of(actor_in(request))
    ]


@router.delete("/subscribers/{subscriber_id}", response={204: None}, summary="Delete a subscriber")
def drop_subscriber(request: HttpRequest, where: Path[SubscriberPath]) -> Any:
    """With unsent messages."""
    remove_subscriber(actor_in(request), public_id=str(where.subscriber_id))
    return Status(204, None)
