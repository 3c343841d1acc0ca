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
from core.errors import NotFound
from core.http.link_pagination import known_only
from incidents.selectors import incident_for
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
from status.publishing.models import Maintenance, PublicIncident
from status.publishing.selectors import maintenance_on, published_of
from status.publishing.services.incidents import (
    allow_entry,
    post_public_update,
    publish_incident,
    withdraw_incident,
)
from status.publishing.services.maintenance import cancel_maintenance, schedule_maintenance
from status.schemas import (
    MaintenanceIn,
    MaintenanceOut,
    PageIn,
    PageOut,
    PublicUpdateIn,
    PublishedOut,
    PublishIn,
    ShownComponentIn,
    ShownComponentOut,
    StateIn,
    SubscriberOut,
    WarningOut,
)
from status.subscriptions.selectors import subscribers_of
from status.subscriptions.services.subscribing import remove_subscriber

router = Router(tags=["Status page"])
incident_router = Router(tags=["Status page"])


class Reference(Schema):
    """An incident: `INC-42` or `42`."""

    reference: str = Field(max_length=40)


class ComponentPath(Schema):
    """A component of the page."""

    component_id: str = Field(max_length=12, description="Id of the component on the page.")


class MaintenancePath(Schema):
    """Maintenance on the page."""

    maintenance_id: str = Field(max_length=12, description="Id of the maintenance.")


class SubscriberPath(Schema):
    """A subscriber of the page."""

    subscriber_id: UUID


class EntryPath(Reference):
    """A timeline entry of an incident."""

    entry_id: int


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


def _published_json(one: PublicIncident, page: StatusPage) -> dict[str, Any]:
    return {
        "id": one.public_id, "title": one.public_title, "published_at": one.published_at,
        "published_by": one.published_by,
        "url": f"{settings.BASE_URL}/status/{page.slug}/incidents/{one.public_id}",
    }  # fmt: skip


@router.get("", response=PageOut, summary="Show the status page's settings")
def show_page(request: HttpRequest) -> Any:
    """404 where the workspace has none. What outsiders see is at `/status/<slug>/api/v2/summary.json`."""
    known_only(request, ())
    return _page_json(page_of(actor_in(request)))


@router.put("", response=PageOut, summary="Create or change the status page")
def save_page(request: HttpRequest, body: PageIn) -> Any:
    """A new page needs `title` and `slug`. What is left out stays."""
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
    """`name` is what outsiders read; `component` links it with the catalogue."""
    return Status(
        201, _component_json(add_component(actor_in(request), values=body.dict(exclude_unset=True)))
    )


@router.patch(
    "/components/{component_id}", response=ShownComponentOut, summary="Change a component of the page"
)
def edit_component(request: HttpRequest, where: Path[ComponentPath], body: ShownComponentIn) -> Any:
    """What is left out stays."""
    values = body.dict(exclude_unset=True)
    return _component_json(change_component(actor_in(request), public_id=where.component_id, values=values))


@router.put(
    "/components/{component_id}/state", response=ShownComponentOut, summary="Set a component's state by hand"
)
def put_state(request: HttpRequest, where: Path[ComponentPath], body: StateIn) -> Any:
    """It stays until it is set to the empty text."""
    found = set_component_state(actor_in(request), public_id=where.component_id, state=body.state)
    return _component_json(found)


@router.delete("/components/{component_id}", response={204: None}, summary="Take a component off the page")
def drop_component(request: HttpRequest, where: Path[ComponentPath]) -> Any:
    """With its history."""
    remove_component(actor_in(request), public_id=where.component_id)
    return Status(204, None)


@router.get("/maintenance", response=list[MaintenanceOut], summary="List scheduled maintenance")
def list_maintenance(request: HttpRequest) -> Any:
    """Coming, going on, and ended in the last 90 days."""
    known_only(request, ())
    return [_maintenance_json(one) for one in maintenance_on(actor_in(request))]


@router.post("/maintenance", response={201: MaintenanceOut}, summary="Schedule maintenance")
def new_maintenance(request: HttpRequest, body: MaintenanceIn) -> Any:
    """Shown at once; its state follows the clock."""
    return Status(201, _maintenance_json(schedule_maintenance(actor_in(request), **body.dict())))


@router.delete("/maintenance/{maintenance_id}", response={204: None}, summary="End or cancel maintenance")
def end_maintenance(request: HttpRequest, where: Path[MaintenancePath]) -> Any:
    """Idempotent; the page says that it is over."""
    cancel_maintenance(actor_in(request), public_id=where.maintenance_id)
    return Status(204, None)


@router.get("/warnings", response=list[WarningOut], summary="List where the page and the inside disagree")
def list_warnings(request: HttpRequest) -> Any:
    """A SEV1 of 15 minutes that the page does not show, an overdue update, an entry held back."""
    known_only(request, ())
    found = drifts_for(actor_in(request), timezone.now())
    return [
        {"kind": one.kind, "message": one.words, "incident": one.reference, "entry_id": one.entry_id}
        for one in found
    ]


@router.get("/subscribers", response=list[SubscriberOut], summary="List the page's subscribers")
def list_subscribers(request: HttpRequest) -> Any:
    """The newest 500, also those who have not confirmed or have left."""
    known_only(request, ())
    return [
        {name: getattr(one, name) for name in SubscriberOut.model_fields if name != "id"}
        | {"id": one.public_id}
        for one in subscribers_of(actor_in(request))
    ]


@router.delete("/subscribers/{subscriber_id}", response={204: None}, summary="Delete a subscriber")
def drop_subscriber(request: HttpRequest, where: Path[SubscriberPath]) -> Any:
    """With the messages that are not sent yet."""
    remove_subscriber(actor_in(request), public_id=str(where.subscriber_id))
    return Status(204, None)


@incident_router.get("/{reference}/status-page", response=PublishedOut, summary="Show what is published")
def show_published(request: HttpRequest, where: Path[Reference]) -> Any:
    """404 while the incident is not on the status page."""
    known_only(request, ())
    actor = actor_in(request)
    found = published_of(actor, incident_for(actor, where.reference))
    if found is None or found.withdrawn_at is not None:
        raise NotFound("This incident is not on the status page.")
    return _published_json(found, page_of(actor))


@incident_router.post("/{reference}/status-page", response=PublishedOut, summary="Publish an incident")
def publish(request: HttpRequest, where: Path[Reference], body: PublishIn) -> Any:
    """Idempotent; again with another title it changes the title. 409 for drills and private incidents."""
    actor = actor_in(request)
    found = publish_incident(actor, number=where.reference, **body.dict())
    return _published_json(found, page_of(actor))


@incident_router.delete(
    "/{reference}/status-page", response={204: None}, summary="Take an incident off the status page"
)
def withdraw(request: HttpRequest, where: Path[Reference]) -> Any:
    """409 where it is not published."""
    withdraw_incident(actor_in(request), number=where.reference)
    return Status(204, None)


@incident_router.post(
    "/{reference}/status-page/updates", response={204: None}, summary="Post a public update"
)
def post_update(request: HttpRequest, where: Path[Reference], body: PublicUpdateIn) -> Any:
    """Also written to the timeline. 422 for text with a secret; with an internal name unless `confirmed`."""
    post_public_update(actor_in(request), number=where.reference, **body.dict())
    return Status(204, None)


@incident_router.post(
    "/{reference}/status-page/entries/{entry_id}", response={204: None}, summary="Show an entry that is held"
)
def show_entry(request: HttpRequest, where: Path[EntryPath]) -> Any:
    """Shows a public entry although it looks sensitive; a secret in it stays redacted. Idempotent."""
    allow_entry(actor_in(request), number=where.reference, entry_id=where.entry_id)
    return Status(204, None)
