"""Attaches fingerprints to a declared incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from accounts.actor import Actor
from core.errors import Conflict
from incidents.lifecycle.services.locked_change import current_state
from incidents.models import Incident, IncidentSignal
from incidents.privacy.selectors import may_see

REPORTER: Final = "declared"


def refuse_taken(actor: Actor, fingerprints: Sequence[str]) -> None:
    """Refuse fingerprints of an unresolved incident. Call it under the counter's lock.

    Raises Conflict naming that incident.
    """
    if not fingerprints:
        return
    taken = IncidentSignal.objects.of(actor.workspace_id).filter(fingerprint__in=fingerprints, is_open=True)
    found = taken.select_related("incident").order_by("incident__number").first()
    if found is not None:
        other = found.incident
        if not may_see(actor, other):
            raise Conflict(f"The signal {found.fingerprint} is in use. Nothing was declared.")
        raise Conflict(
            f"{other.reference} is unresolved and has the signal {found.fingerprint}. Work there, or leave "
            "that signal out. Nothing was declared.",
            extra={"current": current_state(other)},
        )


def attach(incident: Incident, fingerprints: Sequence[str], now: datetime) -> None:
    """Make later findings with one of these fingerprints join the new incident."""
    IncidentSignal.objects.bulk_create(
        IncidentSignal(
            workspace_id=incident.workspace_id,
            incident=incident,
            fingerprint=fingerprint,
            reporter=REPORTER,
            first_at=now,
            last_at=now,
        )
        for fingerprint in fingerprints
    )
