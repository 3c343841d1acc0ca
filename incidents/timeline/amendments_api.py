"""API of amendments to timeline entries."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Status

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from incidents.lifecycle.rendering import amendments_json, entry_json
from incidents.selectors import incident_for
from incidents.timeline.api import EntryReference
from incidents.timeline.schemas import AmendmentIn, AmendmentOut, EntryOut
from incidents.timeline.selectors import amendments_of, entry_for
from incidents.timeline.services.amendments import amend_entry

router = Router(tags=["Timeline"])
PATH = "/{reference}/timeline/{entry_id}/amendments"


@router.get(PATH, response=list[AmendmentOut], summary="List the texts of an entry")
def amendments(request: HttpRequest, where: Path[EntryReference]) -> Any:
    """List the amendments, newest first; the last one is the original text."""
    known_only(request, ())
    actor = actor_in(request)
    entry = entry_for(actor, incident_for(actor, where.reference), where.entry_id)
    return amendments_json(entry, amendments_of(actor, entry))


@router.post(PATH, response={201: EntryOut}, summary="Reword, withdraw or publish an entry")
def amend(request: HttpRequest, where: Path[EntryReference], body: AmendmentIn) -> Any:
    """Amend a note or an update. The original text stays readable. Idempotent."""
    entry = amend_entry(
        actor_in(request),
        number=where.reference,
        entry_id=where.entry_id,
        kind=body.kind,
        message=body.message,
        based_on=body.based_on,
    )
    return Status(201, entry_json(entry))
