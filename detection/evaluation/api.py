"""API of the events of an incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import ConfigDict, Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from detection.evaluation.member_events import member_events, read_event_filter
from detection.sources.own_keys import masked
from incidents.selectors import incident_for

router = Router(tags=["Incidents"])


class MemberOf(Schema):
    """`42`, `INC-42`, `inc-42` or `inc_00042`."""

    reference: str = Field(max_length=60, description="`42`, `INC-42` or `inc_00042`.")


class MembersQuery(Schema):
    """All given conditions must hold."""

    model_config = ConfigDict(extra="ignore")

    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=200, description="From the Link header of the previous page.")
    source: str = Field("", max_length=200)
    event_type: str = Field("", max_length=200)
    level: str = Field("", max_length=40, description="Minimum level: `error` includes fatal.")


class IncidentEventOut(Schema):
    """One event; values that look like credentials are masked."""

    event_id: str
    occurred_at: datetime
    received_at: datetime
    source: str
    event_type: str
    level: str
    message: str
    metadata: Any
    correlation_id: str


@router.get("/{reference}/events", response=list[IncidentEventOut], summary="List the events it counts")
def events(
    request: HttpRequest, response: HttpResponse, where: Path[MemberOf], query: Query[MembersQuery]
) -> Any:
    """List the events of an incident, newest first; the next page is in the `Link` header.

    A page of a filtered list may hold fewer than `limit` events, even none, and still have a next one: each
    searches 5,000 events at most.
    """
    known_only(request, ("limit", "cursor", "source", "event_type", "level"))
    actor = actor_in(request)
    incident = incident_for(actor, where.reference)
    given = {"source": query.source, "event_type": query.event_type, "level": query.level}
    wanted = read_event_filter(given, source="source", level="level")
    page = member_events(actor, incident, wanted, cursor=query.cursor or None, limit=query.limit)
    link_pages(request, response, page.older)
    shown = masked(actor.workspace_id, [[event.message, event.metadata] for event in page.items])
    return [
        {
            "event_id": event.event_id,
            "occurred_at": event.occurred_at,
            "received_at": event.received_at,
            "source": event.source,
            "event_type": event.event_type,
            "level": event.get_level_display(),
            "message": message,
            "metadata": metadata,
            "correlation_id": event.correlation_id,
        }
        for event, (message, metadata) in zip(page.items, shown, strict=True)
    ]
