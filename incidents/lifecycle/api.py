"""API of incidents."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from ninja import Header, Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only, link_pages
from incidents.analysis.selectors import analysis_json, analysis_of
from incidents.analysis.similar import similar_incidents
from incidents.lifecycle.rendering import entry_json, incident_json
from incidents.lifecycle.schemas import (
    AssignIn,
    DeclareIn,
    ImpactIn,
    IncidentDetailOut,
    IncidentOut,
    MoveIn,
    PatchIn,
    ResolveIn,
    StatusIn,
)
from incidents.lifecycle.services.patching import declare_and_set, patch_incident
from incidents.lifecycle.services.resolving import close_incident, reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import (
    acknowledge_incident,
    change_status,
    remove_component,
    set_component_impact,
)
from incidents.lifecycle.versions import etag, version_from
from incidents.listing.filters import NAMES, parse_filter
from incidents.listing.ordering import MAX_CURSOR
from incidents.listing.schemas import Conditions
from incidents.models import Incident
from incidents.parsing import as_type
from incidents.roles.services import assign_role
from incidents.selectors import (
    affected_components,
    incident_for,
    incidents_page,
    roles_of,
    signals_of,
    timeline_page,
)
from incidents.vocabulary import IncidentSource

router = Router(tags=["Incidents"])
EMPTY: Final = MoveIn.model_validate({})
SIGNAL: Final = ("fingerprint", "reporter", "first_at", "last_at")
OVER: Final = ResolveIn.model_validate({})
DEGRADED: Final = ImpactIn()


class Paging(Schema):
    """Paginated by cursor: the next one is in the `Link` header."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", max_length=MAX_CURSOR, description="From the Link header of the previous page.")


class IncidentQuery(Paging, Conditions):
    """Filters, order and page of incidents."""

    sort: str = Field(
        "",
        description="`newest`, `oldest`, `severity`, `status`, `commander`, `deadline`, `last_event` or "
        "`duration`.",
        max_length=60,
    )


class Reference(Schema):
    """`42`, `INC-42`, `#INC-042` or `inc_00042`."""

    reference: str = Field(
        max_length=60, description="`42`, `INC-42`, `#INC-042` (sent as `%23INC-042`) or `inc_00042`."
    )


class Once(Schema):
    """Idempotency key of a request."""

    idempotency_key: str = Field(
        "",
        alias="Idempotency-Key",
        max_length=200,
        description="Any text; a repeat with the same key returns the first result.",
    )


LISTED: Final = ("limit", "cursor", "sort", *(alias for aliases in NAMES.values() for alias in aliases))


def incident_response(incident: Incident, response: HttpResponse) -> dict[str, Any]:
    """Return the incident as JSON, its version as ETag."""
    response["ETag"] = etag(incident.version)
    return incident_json(incident)


@router.get("", response=list[IncidentOut], summary="List incidents")
def list_incidents(request: HttpRequest, response: HttpResponse, query: Query[IncidentQuery]) -> Any:
    """List incidents by filter; the next and the previous page are in the `Link` header.

    A cursor is for one order.
    """
    known_only(request, LISTED)
    page = incidents_page(
        actor_in(request),
        parse_filter(request.GET),
        cursor=query.cursor or None,
        limit=query.limit,
        sort=query.sort,
    )
    link_pages(request, response, page.next_cursor, page.previous_cursor)
    return [incident_json(incident) for incident in page.items]


@router.post("", response={201: IncidentOut}, summary="Declare an incident")
def declare(request: HttpRequest, response: HttpResponse, body: DeclareIn, sent: Header[Once]) -> Any:
    """Declare an incident. Only a title is required: sev3, open, detected now.

    Without a severity its type decides.
    """
    labels = body.labels | ({"project": body.project} if body.project else {})
    declared = {
        "title": body.title,
        "description": body.description,
        "severity": body.severity,
        "incident_type": as_type(body.incident_type),
        "components": body.components,
        "labels": labels,
        "metadata": body.metadata,
        "signals": body.signals,
        "detected_at": body.detected_at,
        "started_at": body.started_at,
        "is_drill": body.is_drill,
        "is_private": body.is_private,
        "source": IncidentSource.API,
        "request_key": sent.idempotency_key,
    }
    incident = declare_and_set(
        actor_in(request),
        declared=declared,
        status=body.status,
        assigned_to=body.assigned_to,
        impact=body.impact,
    )
    response["Location"] = f"{request.path}/{incident.number}"
    return Status(201, incident_response(incident, response))


@router.get("/{reference}", response=IncidentDetailOut, summary="Show an incident")
def show_incident(request: HttpRequest, response: HttpResponse, where: Path[Reference]) -> Any:
    """Return an incident with its newest 50 timeline entries, component impacts, roles and analysis."""
    actor = actor_in(request)
    incident = incident_for(actor, where.reference)
    page = timeline_page(actor, incident.number)
    components = affected_components(actor, incident)
    roles = roles_of(actor, incident)
    signals = signals_of(actor, incident)
    return incident_response(incident, response) | {
        "timeline": [entry_json(entry) for entry in page.items],
        "components": [
            {"component": a.component.name, "impact": a.impact, "restored_at": a.restored_at}
            for a in components
        ],
        "roles": [{"role": r.role, "username": r.user.username, "assigned_at": r.assigned_at} for r in roles],
        "signals": [{name: getattr(s, name) for name in SIGNAL} for s in signals],
        "analysis": analysis_json(analysis_of(actor, incident)),
        "similar_incidents": [one.as_json() for one in similar_incidents(actor, incident)],
    }


@router.patch("/{reference}", response=IncidentOut, summary="Change an incident")
def patch(request: HttpRequest, response: HttpResponse, where: Path[Reference], body: PatchIn) -> Any:
    """Change an incident, all or nothing. Send `version` or `If-Match` to get 409 for a stale change."""
    given = body.model_dump(exclude_unset=True, exclude={"version"})
    wanted = {name: value for name, value in given.items() if value is not None or name == "assigned_to"}
    if "users_impacted" in given:
        wanted["users_impacted"] = "" if body.users_impacted is None else body.users_impacted
    if "public" in wanted:
        wanted["is_public"] = wanted.pop("public")
    version = version_from(request, body.version)
    incident = patch_incident(actor_in(request), number=where.reference, wanted=wanted, version=version)
    return incident_response(incident, response)


@router.patch("/{reference}/status", response=IncidentOut, summary="Change the status of an incident")
def patch_status(request: HttpRequest, response: HttpResponse, where: Path[Reference], body: StatusIn) -> Any:
    """Change the status.

    It may skip ahead, but only resolved incidents can be closed; `investigating` reopens.
    """
    incident = change_status(
        actor_in(request),
        number=where.reference,
        status=body.status,
        message=body.message,
        is_public=body.public,
        version=version_from(request, body.version),
    )
    return incident_response(incident, response)


@router.post("/{reference}/acknowledge", response=IncidentOut, summary="Acknowledge an incident")
def acknowledge(
    request: HttpRequest, response: HttpResponse, where: Path[Reference], body: MoveIn = EMPTY
) -> Any:
    """Acknowledge an incident. The first acknowledgement counts; a later one gets 409 naming the first.

    If people are paged again since, a person's acknowledgement stops that.
    """
    version = version_from(request, body.version)
    incident = acknowledge_incident(
        actor_in(request), number=where.reference, note=body.message, version=version
    )
    return incident_response(incident, response)


@router.post("/{reference}/assign", response=IncidentOut, summary="Assign a role")
def assign(request: HttpRequest, response: HttpResponse, where: Path[Reference], body: AssignIn) -> Any:
    """Assign a role, by default the commander. Without a user name it is unassigned."""
    incident = assign_role(
        actor_in(request),
        number=where.reference,
        role=body.role,
        username=body.username,
        version=version_from(request, body.version),
    )
    return incident_response(incident, response)


@router.post("/{reference}/resolve", response=IncidentOut, summary="Resolve an incident")
def resolve(
    request: HttpRequest, response: HttpResponse, where: Path[Reference], body: ResolveIn = OVER
) -> Any:
    """Resolve an incident."""
    incident = resolve_incident(
        actor_in(request),
        number=where.reference,
        root_cause=body.root_cause,
        restores=body.restore_components,
        keep_affected=body.keep_affected,
        **_given_fields(request, body),
    )
    return incident_response(incident, response)


@router.post("/{reference}/close", response=IncidentOut, summary="Close an incident")
def close(request: HttpRequest, response: HttpResponse, where: Path[Reference], body: MoveIn = EMPTY) -> Any:
    """Close a resolved incident."""
    return incident_response(
        close_incident(actor_in(request), number=where.reference, **_given_fields(request, body)), response
    )


@router.post("/{reference}/reopen", response=IncidentOut, summary="Reopen an incident")
def reopen(request: HttpRequest, response: HttpResponse, where: Path[Reference], body: MoveIn = EMPTY) -> Any:
    """Reopen an incident: status investigating; the former times stay in the timeline."""
    return incident_response(
        reopen_incident(actor_in(request), number=where.reference, **_given_fields(request, body)), response
    )


def _given_fields(request: HttpRequest, body: MoveIn) -> dict[str, Any]:
    version = version_from(request, body.version)
    return {"message": body.message, "is_public": body.public, "version": version}


class ComponentReference(Reference):
    """An incident and a component by name; the name may contain slashes."""

    name: str = Field(max_length=200)


@router.put("/{reference}/components/{path:name}", response=IncidentOut, summary="Set a component's impact")
def put_component(
    request: HttpRequest, response: HttpResponse, where: Path[ComponentReference], body: ImpactIn = DEGRADED
) -> Any:
    """Set the impact on a component, marking it affected if it was not."""
    incident = set_component_impact(
        actor_in(request),
        number=where.reference,
        component=where.name,
        impact=body.impact,
        version=version_from(request, body.version),
    )
    return incident_response(incident, response)


@router.delete(
    "/{reference}/components/{path:name}", response=IncidentOut, summary="Remove an affected component"
)
def delete_component(request: HttpRequest, response: HttpResponse, where: Path[ComponentReference]) -> Any:
    """Remove a component that is not affected after all."""
    incident = remove_component(
        actor_in(request),
        number=where.reference,
        component=where.name,
        version=version_from(request, None),
    )
    return incident_response(incident, response)
