"""SLA policies of a workspace, and their application to incidents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, LiteralString

from django.db.models import F

from core.sql.prepared import send
from incidents.models import Incident, SlaClock, SlaPolicy, TimelineEntry
from incidents.sla.deadlines import STANDARD, Clocks, Policy, deadlines, next_update
from incidents.vocabulary import Severity, Status

_POLICY: Final[LiteralString] = """
select severity, acknowledge_within, update_every, resolve_within
  from incidents_slapolicy where workspace_id = %s::bigint
"""


def seed_policies(workspace_id: int, *, preset: Policy = STANDARD) -> None:
    """Give a new workspace the default policies; existing ones stay."""
    rows = [
        SlaPolicy(
            workspace_id=workspace_id,
            severity=severity,
            acknowledge_within=clocks.acknowledge_within,
            update_every=clocks.update_every,
            resolve_within=clocks.resolve_within,
        )
        for severity, clocks in preset.items()
    ]
    SlaPolicy.objects.bulk_create(rows, ignore_conflicts=True)


def policy_of(workspace_id: int) -> Policy:
    """Return every severity's targets: the workspace's own, else the defaults."""
    return request_policy(workspace_id)()


def request_policy(workspace_id: int) -> Callable[[], Policy]:
    """`policy_of`, sent without waiting for the result."""
    result = send(_POLICY, [workspace_id])

    def policy() -> Policy:
        own = {Severity(severity): Clocks(*clocks) for severity, *clocks in result.rows()}
        return {**STANDARD, **own}

    return policy


def set_deadlines(incident: Incident, clocks: Clocks, *, reopened_at: datetime | None = None) -> None:
    """Set the deadlines on `incident` (not saved), counted from its detection.

    One that was reopened before anyone acknowledged is to be acknowledged from then on; `reopened_at` is
    given while that is not in its timeline yet.
    """
    due = deadlines(clocks, incident.detected_at)
    incident.acknowledge_due_at = due.acknowledge_due_at
    if incident.opening > 1 and incident.acknowledged_at is None:
        since = max(incident.detected_at, reopened_at or _reopened_at(incident) or incident.detected_at)
        incident.acknowledge_due_at = deadlines(clocks, since).acknowledge_due_at
    incident.update_due_at = due.update_due_at
    incident.resolve_due_at = due.resolve_due_at


def _reopened_at(incident: Incident) -> datetime | None:
    entries = TimelineEntry.objects.of(incident.workspace_id).filter(incident=incident)
    back = entries.filter(data__from__in=(Status.RESOLVED, Status.CLOSED), data__to=Status.INVESTIGATING)
    newest: TimelineEntry | None = back.order_by("-occurred_at", "-id").first()
    return newest.occurred_at if newest else None


def move_met_clocks(incident: Incident, detected_before: datetime) -> None:
    """Move the clocks met since a detection whose time was corrected; a missed deadline is then a breach."""
    by = incident.detected_at - detected_before
    met = SlaClock.objects.of(incident.workspace_id).filter(incident=incident, phase=SlaClock.Phase.MET)
    met.filter(started_at=detected_before).update(
        started_at=F("started_at") + by, warn_at=F("warn_at") + by, deadline=F("deadline") + by
    )


def clocks_for(incident: Incident) -> Clocks:
    """Return the targets of the incident's severity in its workspace."""
    return policy_of(incident.workspace_id)[Severity(incident.severity)]


def restart_update_clock(incident: Incident, sent_at: datetime) -> None:
    """Set the next update's deadline after an update at `sent_at` (not saved)."""
    incident.update_due_at = next_update(clocks_for(incident), sent_at)
