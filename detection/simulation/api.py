"""API of simulated incidents and sample events."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from accounts.permissions import Capability, require
from accounts.schemas import Body
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from detection.schemas import EventIn
from detection.simulation.samples import DEFAULT_EVENTS, DEFAULT_SPAN_S, MAX_EVENTS, MAX_SPAN_S
from detection.simulation.services import Simulation, simulate_incident, simulated_events
from incidents.lifecycle.api import Once, incident_response
from incidents.lifecycle.schemas import IncidentOut
from incidents.vocabulary import IncidentSource

router = Router(tags=["Incidents"])
COUNT = Field(ge=1, le=MAX_EVENTS, description="How many events.")
SPAN = Field(ge=1, le=MAX_SPAN_S, description="Seconds that the events cover.")


class SimulationIn(Body):
    """An incident to simulate."""

    incident_type: Annotated[str, Field(max_length=40, description="One of the 15 types.")]
    severity: Annotated[str, Field(max_length=20, description="Empty: the default of the type.")] = ""
    components: Annotated[list[str], Field(max_length=20, description="Components it affects.")] = []
    event_count: Annotated[int, COUNT] = DEFAULT_EVENTS
    time_span_seconds: Annotated[int, SPAN] = DEFAULT_SPAN_S


class SamplesQuery(Schema):
    """Type and number of sample events to generate."""

    model_config = ConfigDict(extra="ignore")

    incident_type: str = Field("error_burst", max_length=40, description="One of the 15 types.")
    components: str = Field("", max_length=4000, description="Sources of the events, comma-separated.")
    event_count: Annotated[int, COUNT] = DEFAULT_EVENTS
    time_span_seconds: Annotated[int, SPAN] = DEFAULT_SPAN_S


@router.post("", response={201: IncidentOut}, summary="Simulate an incident")
def simulate(request: HttpRequest, response: HttpResponse, body: SimulationIn, sent: Header[Once]) -> Any:
    """Open a drill with sample events. Rules and figures do not count them, and no one is paged."""
    actor = actor_in(request)
    require(actor, Capability.INCIDENTS_READ)  # needed for the response; checked before anything is changed
    wanted = Simulation(
        body.incident_type, body.severity, body.components, body.event_count, body.time_span_seconds
    )
    made = simulate_incident(actor, wanted, source=IncidentSource.API, request_key=sent.idempotency_key)
    response["Location"] = f"/api/v1/incidents/{made.number}"
    return Status(201, incident_response(made, response))


@router.get("/events", response=list[EventIn], summary="Generate sample events")
def sample(request: HttpRequest, query: Query[SamplesQuery]) -> Any:
    """Generate events of a type, as `POST /events` and `POST /rules/test` accept them. Nothing is stored."""
    known_only(request, ("incident_type", "components", "event_count", "time_span_seconds"))
    names = [name.strip() for name in query.components.split(",") if name.strip()]
    wanted = Simulation(query.incident_type, "", names, query.event_count, query.time_span_seconds)
    return simulated_events(actor_in(request), wanted)
