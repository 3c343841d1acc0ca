"""API of the timeline: notes, updates, pins, links, roles, full activity."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Path, Query, Router, Status
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from incidents.lifecycle.api import Once, Paging, Reference, incident_response
from incidents.lifecycle.rendering import act_json, entry_json, related_json
from incidents.lifecycle.schemas import ComponentImpactOut, IncidentOut, RoleOut
from incidents.links.selectors import related_incidents
from incidents.links.services import relate_incidents, unrelate_incidents
from incidents.parsing import parsed
from incidents.selectors import affected_components, incident_for, roles_of, timeline_page
from incidents.timeline.schemas import ActOut, EntryIn, EntryOut, EntryTimeIn, NoteIn, RelatedOut, UpdateIn
from incidents.timeline.selectors import BOTH, activity_page, source_named
from incidents.timeline.services.entries import correct_entry_time, pin_entry, unpin_entry
from incidents.timeline.services.notes import add_entry, add_note, add_update
from incidents.vocabulary import EntryKind

router = Router(tags=["Timeline"])


class TimelineQuery(Paging):
    """Filter of entries: `kind` accepts several, separated by commas."""

    kind: str = Field("", max_length=400)


class ActivityQuery(Paging):
    """Sources: the timeline, the audit trail, or both."""

    source: str = Field("", max_length=20, description="`timeline` or `audit`; nothing: both.")


class EntryReference(Reference):
    """One entry of an incident."""

    entry_id: int = Field(ge=1, le=2**63 - 1)


class LinkReference(Reference):
    """Two incidents."""

    other: str = Field(max_length=60, description="The other incident, spelt as the first may be.")


@router.get("/{reference}/timeline", response=list[EntryOut], summary="Read the timeline")
def timeline(
    request: HttpRequest, response: HttpResponse, where: Path[Reference], query: Query[TimelineQuery]
) -> Any:
    """List the timeline, newest first; the next page is in the `Link` header."""
    known_only(request, ("limit", "cursor", "kind"))
    kinds = [parsed("kind", word, EntryKind, EntryKind) for word in query.kind.split(",") if word]
    page = timeline_page(
        actor_in(request), where.reference, kinds=kinds, cursor=query.cursor or None, limit=query.limit
    )
    link_pages(request, response, page.next_cursor)
    return [entry_json(entry) for entry in page.items]


@router.post("/{reference}/timeline", response={201: EntryOut}, summary="Add to the timeline")
def add(request: HttpRequest, where: Path[Reference], body: EntryIn, sent: Header[Once]) -> Any:
    """Add a note or an update; repeated with its `Idempotency-Key`, the same text is written once."""
    entry = add_entry(
        actor_in(request),
        number=where.reference,
        kind=EntryKind(body.kind),
        message=body.message,
        is_public=body.public,
        occurred_at=body.occurred_at,
        request_key=sent.idempotency_key,
    )
    return Status(201, entry_json(entry))


@router.patch("/{reference}/timeline/{entry_id}", response=EntryOut, summary="Correct a note's time")
def correct(request: HttpRequest, where: Path[EntryReference], body: EntryTimeIn) -> Any:
    """Correct the time of a note. Its text and its time of writing stay."""
    entry = correct_entry_time(
        actor_in(request), number=where.reference, entry_id=where.entry_id, occurred_at=body.occurred_at
    )
    return entry_json(entry)


@router.put("/{reference}/timeline/{entry_id}/pin", response=EntryOut, summary="Pin an entry")
def pin(request: HttpRequest, where: Path[EntryReference]) -> Any:
    """Pin an entry to the top of the timeline. At most 20 are pinned at once."""
    return entry_json(pin_entry(actor_in(request), number=where.reference, entry_id=where.entry_id))


@router.delete("/{reference}/timeline/{entry_id}/pin", response=EntryOut, summary="Unpin an entry")
def unpin(request: HttpRequest, where: Path[EntryReference]) -> Any:
    """Unpin an entry."""
    return entry_json(unpin_entry(actor_in(request), number=where.reference, entry_id=where.entry_id))


@router.post("/{reference}/notes", response={201: IncidentOut}, summary="Add a note")
def note(
    request: HttpRequest, response: HttpResponse, where: Path[Reference], body: NoteIn, sent: Header[Once]
) -> Any:
    """Add an internal note. Does not change the version."""
    incident = add_note(
        actor_in(request), number=where.reference, message=body.message, request_key=sent.idempotency_key
    )
    return Status(201, incident_response(incident, response))


@router.post("/{reference}/updates", response={201: IncidentOut}, summary="Update stakeholders")
def update(
    request: HttpRequest, response: HttpResponse, where: Path[Reference], body: UpdateIn, sent: Header[Once]
) -> Any:
    """Post an update, public by default; restarts the update clock."""
    incident = add_update(
        actor_in(request),
        number=where.reference,
        message=body.message,
        is_public=body.public,
        request_key=sent.idempotency_key,
        next_update_at=body.next_update_at,
    )
    return Status(201, incident_response(incident, response))


@router.get("/{reference}/activity", response=list[ActOut], summary="List all activity")
def activity(
    request: HttpRequest, response: HttpResponse, where: Path[Reference], query: Query[ActivityQuery]
) -> Any:
    """Return timeline and audit trail merged, newest first; the next page is in the `Link` header."""
    known_only(request, ("limit", "cursor", "source"))
    sources = [parsed("source", query.source, source_named, BOTH)] if query.source else BOTH
    actor = actor_in(request)
    incident = incident_for(actor, where.reference)
    page = activity_page(actor, incident, sources=sources, cursor=query.cursor or None, limit=query.limit)
    link_pages(request, response, page.next_cursor)
    return [act_json(act) for act in page.items]


@router.get("/{reference}/related", response=RelatedOut, summary="List related incidents")
def related(request: HttpRequest, where: Path[Reference]) -> Any:
    """Return related incidents: linked, earlier with its fingerprint, near in time, latest of its type."""
    known_only(request, ())
    actor = actor_in(request)
    return related_json(related_incidents(actor, incident_for(actor, where.reference)))


@router.put("/{reference}/related/{other}", response=RelatedOut, summary="Link two incidents")
def relate(request: HttpRequest, where: Path[LinkReference]) -> Any:
    """Link two incidents (idempotent)."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)  # needed for the response; checked before anything is changed
    incident = relate_incidents(actor, number=where.reference, other=where.other)
    return related_json(related_incidents(actor, incident))


@router.delete("/{reference}/related/{other}", response=RelatedOut, summary="Unlink two incidents")
def unrelate(request: HttpRequest, where: Path[LinkReference]) -> Any:
    """Remove a link in both directions."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)
    incident = unrelate_incidents(actor, number=where.reference, other=where.other)
    return related_json(related_incidents(actor, incident))


@router.get("/{reference}/components", response=list[ComponentImpactOut], summary="List affected components")
def components(request: HttpRequest, where: Path[Reference]) -> Any:
    """List the affected components with their impact, by name."""
    known_only(request, ())
    actor = actor_in(request)
    affected = affected_components(actor, incident_for(actor, where.reference))
    return [{"component": one.component.name, "impact": one.impact} for one in affected]


@router.get("/{reference}/roles", response=list[RoleOut], summary="List role holders")
def roles(request: HttpRequest, where: Path[Reference]) -> Any:
    """List role holders, oldest first; those without an end are current."""
    known_only(request, ())
    actor = actor_in(request)
    held = roles_of(actor, incident_for(actor, where.reference), history=True)
    return [
        {"role": r.role, "username": r.user.username, "assigned_at": r.assigned_at, "ended_at": r.ended_at}
        for r in held
    ]
