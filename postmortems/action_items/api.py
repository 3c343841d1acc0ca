"""The API of action items."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from incidents.lifecycle.api import Once, Reference
from incidents.selectors import incident_for
from incidents.validation import TITLE_LENGTH, invalid
from postmortems.action_items.rendering import item_json
from postmortems.action_items.selectors import NAMES, item_for, items_of, items_page, parse_item_filter
from postmortems.action_items.services import create_item, update_item
from postmortems.fix_watch.selectors import held_counts
from postmortems.schemas import ActionItemOut, ItemIn, ItemPatch, ItemStatusIn

router = Router(tags=["Action items"])
incident_router = Router(tags=["Action items"])


class ItemQuery(Schema):
    """Which action items."""

    status: str = Field(
        "", max_length=20, description="`unfinished`, or a status such as `open`, `completed`."
    )
    owner: str = Field("", max_length=150, description="A user name, `me`, or `none`.")
    kind: str = Field("", max_length=20)
    priority: str = Field("", max_length=20)
    due: str = Field(
        "",
        max_length=20,
        description="`overdue`, `week`, `none`, `in_time` (done by the due date) or `late`.",
    )
    due_from: str = Field("", max_length=10, description="Due on this date or later: `2026-03-01`.")
    due_until: str = Field("", max_length=10, description="Due before this date.")
    fix: str = Field("", max_length=10, description="`watching`, `held`, `recurred`, `unwatched`, `stopped`.")
    incident: str = Field("", max_length=60)
    component: str = Field("", max_length=200)
    text: str = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=100)
    cursor: str = Field("", max_length=20, description="From the Link header of the previous page.")


class FixesOut(Schema):
    """Outcome of completed `prevent` items, each watched for 30 days."""

    held: int = Field(description="No recurrence")
    recurred: int = Field(description="The incident recurred, and the item was reopened")
    watching: int
    unwatched: int = Field(description="Ended, but no detector could have noticed a recurrence")
    stopped: int = Field(description="The item was reopened by a person")


class ItemReference(Schema):
    """`17` or `ACT-17`."""

    item: str = Field(max_length=60, description="`17` or `ACT-17`.")


@router.get("/fixes", response=FixesOut, summary="Count fixes that held")
def fixes(request: HttpRequest) -> Any:
    """Counts of watched fixes by verdict."""
    return held_counts(actor_in(request))


@router.get("", response=list[ActionItemOut], summary="List action items")
def listed(request: HttpRequest, response: HttpResponse, query: Query[ItemQuery]) -> Any:
    """Across incidents, newest first; the next page is in the `Link` header."""
    known_only(request, NAMES)
    before = int(query.cursor) if query.cursor.isdecimal() else None
    wanted = parse_item_filter(query.model_dump(exclude={"limit", "cursor"}))
    rows = items_page(actor_in(request), wanted, before=before, limit=query.limit)
    more = str(rows[query.limit - 1].number) if len(rows) > query.limit else None
    link_pages(request, response, more)
    return [item_json(one) for one in rows[: query.limit]]


@router.post("", response={201: ActionItemOut}, summary="Create an action item")
def create(request: HttpRequest, body: ItemIn, sent: Header[Once]) -> Any:
    """For the incident `incident_id`. Idempotent by `Idempotency-Key`."""
    if not body.incident_id:
        raise invalid("incident_id", "required", "must name an incident")
    return _created(request, body.incident_id, body, sent)


@incident_router.get(
    "/{reference}/action-items", response=list[ActionItemOut], summary="List an incident's action items"
)
def of_incident(request: HttpRequest, where: Path[Reference]) -> Any:
    """Oldest first."""
    actor = actor_in(request)
    return [item_json(one) for one in items_of(actor, incident_for(actor, where.reference))]


@incident_router.post(
    "/{reference}/action-items", response={201: ActionItemOut}, summary="Add an action item"
)
def add(request: HttpRequest, where: Path[Reference], body: ItemIn, sent: Header[Once]) -> Any:
    """Idempotent by `Idempotency-Key`."""
    return _created(request, where.reference, body, sent)


@router.get("/{item}", response=ActionItemOut, summary="Read an action item")
def read(request: HttpRequest, where: Path[ItemReference]) -> Any:
    """By its number or reference."""
    return item_json(item_for(actor_in(request), where.item))


@router.patch("/{item}", response=ActionItemOut, summary="Change an action item")
def change(request: HttpRequest, where: Path[ItemReference], body: ItemPatch) -> Any:
    """Omitted fields stay as they are; with `version`, a stale change is refused."""
    given = body.model_dump(exclude_unset=True)
    version = given.pop("version", None)
    if "due_date" in given:
        given["due_date"] = _day(given["due_date"])
    for name in ("title", "description", "status", "priority", "kind"):
        if name in given and given[name] is None:
            raise invalid(name, "required", "must not be null")
    return item_json(update_item(actor_in(request), where.item, version=version, **given))


@router.patch("/{item}/status", response=ActionItemOut, summary="Change the status of an action item")
def move(request: HttpRequest, where: Path[ItemReference], body: ItemStatusIn) -> Any:
    """`completed` is an alias of `done`."""
    return item_json(update_item(actor_in(request), where.item, version=body.version, status=body.status))


def _created(request: HttpRequest, reference: str, body: ItemIn, sent: Once) -> Any:
    given = body.model_dump(exclude={"incident_id"})
    given["due_date"] = _day(given["due_date"])
    given["title"] = body.title.strip() or body.description.strip().partition("\n")[0][:TITLE_LENGTH]
    item = create_item(actor_in(request), reference, request_key=sent.idempotency_key, **given)
    return Status(201, item_json(item_for(actor_in(request), item.number)))


def _day(value: date | datetime | None) -> date | None:
    return value.date() if isinstance(value, datetime) else value
