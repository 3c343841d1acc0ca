"""API for correcting times."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from incidents.lifecycle.api import Reference, incident_response
from incidents.lifecycle.schemas import IncidentOut, Version
from incidents.lifecycle.services.correcting import correct_times
from incidents.lifecycle.versions import version_from
from incidents.timeline.schemas import Body

router = Router(tags=["Incidents"])


class TimesIn(Body):
    """Corrected times; missing ones stay."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    started_at: datetime | None = None
    detected_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    version: Version | None = None


@router.patch("/{reference}/times", response=IncidentOut, summary="Correct the times of an incident")
def patch_times(request: HttpRequest, response: HttpResponse, where: Path[Reference], body: TimesIn) -> Any:
    """Correct times, with a reason of ten characters or more.

    Deadlines, analytics and the postmortem draft follow.
    """
    given = body.model_dump(exclude={"reason", "version"})
    version = version_from(request, body.version)
    incident = correct_times(
        actor_in(request), number=where.reference, reason=body.reason, version=version, **given
    )
    return incident_response(incident, response)
