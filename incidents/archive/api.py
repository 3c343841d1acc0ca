"""API of the archive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Router, Schema, Status
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from incidents.archive.models import IncidentArchive
from incidents.archive.selectors import archive_of
from incidents.archive.services.planning import request_restore
from incidents.lifecycle.api import Reference
from incidents.models import Incident
from incidents.selectors import incident_for

router = Router(tags=["Incidents"])


class ArchiveOut(Schema):
    """Where the timeline and the events of an incident are."""

    incident_id: str
    state: str = Field(
        description="none (in the database), planned, written, verified, archived, restoring or restored"
    )
    archived_at: datetime | None = Field(description="Since when they are in the archive; null: they are not")
    restored_at: datetime | None = Field(description="When it was last restored")
    size: int = Field(description="Bytes of the file")
    rows: int = Field(description="Rows in the file")
    sha256: str = Field(description="Of the file; empty before it is written")
    error: str = Field(description="Why the last step failed; empty: it did not")


@router.get("/{reference}/archive", response=ArchiveOut, summary="Show the archive of an incident")
def show_archive(request: HttpRequest, where: Path[Reference]) -> Any:
    """Return the archive of an incident.

    Archived incidents stay in lists and figures; their timeline and events are in a file.
    """
    incident = incident_for(actor_in(request), where.reference)
    return archive_json(incident, archive_of(incident))


@router.post(
    "/{reference}/archive/restore", response={202: ArchiveOut}, summary="Restore an archived incident"
)
def restore_archive(request: HttpRequest, where: Path[Reference]) -> Any:
    """Restore timeline and events in the background. 409 for an incident that is not archived."""
    planned = request_restore(actor_in(request), where.reference, now=timezone.now())
    return Status(202, archive_json(planned.incident, planned))


def archive_json(incident: Incident, found: IncidentArchive | None) -> dict[str, Any]:
    """Return the archive as the API shows it."""
    return {
        "incident_id": incident.reference,
        "state": found.phase if found else "none",
        "archived_at": incident.archived_at,
        "restored_at": found.restored_at if found else None,
        "size": found.size if found else 0,
        "rows": found.rows if found else 0,
        "sha256": found.sha256 if found else "",
        "error": found.last_error if found else "",
    }
