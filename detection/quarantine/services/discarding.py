"""Discards quarantined requests."""

from __future__ import annotations

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import NotFound
from detection.models import QuarantinedRequest


def discard_quarantined(actor: Actor, *, quarantine_id: int) -> None:
    """Discard a request in quarantine. Raises Forbidden, NotFound."""
    require(actor, Capability.SOURCES_WRITE)
    with transaction.atomic():
        rows = QuarantinedRequest.objects.of(actor.workspace_id).select_related("source")
        row = rows.select_for_update(of=("self",)).filter(pk=quarantine_id).first()
        if row is None:
            raise NotFound("There is no such request in quarantine.")
        summary = f"{actor.label} discarded a request of {row.source.name}"
        record(actor, action="source.discard", target=row.source, summary=summary)
        row.delete()
