"""The API of Explain: why an incident opened, who was notified and why, and who would be."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from core.reasons import Reason
from notifications.explain.forms import labels_from
from notifications.explain.report import incident_report, person_report
from notifications.explain.schemas import (
    ExplainedIncident,
    IncidentExplainOut,
    KnownReasonOut,
    PersonExplainOut,
    PersonPath,
    PersonQuery,
    SimulationOut,
    SimulationQuery,
    absence_json,
    line_json,
    reason_json,
    simulation_json,
)
from notifications.explain.simulation import Question, simulate

incident_router = Router(tags=["Explain"])
router = Router(tags=["Explain"])


@incident_router.get("/{reference}/explain", response=IncidentExplainOut, summary="Explain an incident")
def explain_incident(request: HttpRequest, where: Path[ExplainedIncident]) -> dict[str, Any]:
    """Why it opened, what joined it, and for each channel and person why they were notified or not. Decisions
    are retained for 30 days."""
    known_only(request, ())
    report = incident_report(actor_in(request), where.reference)
    number = report.incident.number
    return {
        "number": number,
        "opening": [line_json(one, number) for one in report.opening],
        "notifying": [line_json(one, number) for one in report.notifying],
        "is_cut": report.is_cut,
    }


@router.get("/reasons", response=list[KnownReasonOut], summary="List the reasons")
def list_reasons(request: HttpRequest) -> list[dict[str, str]]:
    """All reason codes: every drop, mute, delay and fallback has one of these."""
    known_only(request, ())
    require(actor_in(request), Capability.CHANNELS_READ)
    return [reason_json(one) for one in Reason]


@router.get("/people/{username}", response=PersonExplainOut, summary="Explain what a person was notified")
def explain_person(
    request: HttpRequest, where: Path[PersonPath], query: Query[PersonQuery]
) -> dict[str, Any]:
    """Why they were or were not notified in the last days; `me` is you."""
    known_only(request, ("days",))
    report = person_report(actor_in(request), where.username, days=query.days, now=timezone.now())
    numbers = {pk: one.number for pk, one in report.incidents.items()}
    return {
        "username": report.person.username,
        "since": report.since,
        "decisions": [line_json(one, numbers.get(one.decision.incident_id or 0)) for one in report.lines],
        "not_notified": [absence_json(one) for one in report.absences],
    }


@router.get("/simulation", response=SimulationOut, summary="Simulate who would be notified")
def get_simulation(request: HttpRequest, query: Query[SimulationQuery]) -> dict[str, Any]:
    """For a hypothetical incident at any time, by the same decisions as for real ones."""
    known_only(request, SimulationQuery.model_fields)
    question = Question(
        at=query.at or timezone.now(),
        severity=query.severity,
        event_kind=query.event_kind,
        incident_type=query.incident_type,
        components=query.component,
        labels=labels_from(query.label),
        is_drill=query.is_drill,
    )
    return simulation_json(simulate(actor_in(request), question))
