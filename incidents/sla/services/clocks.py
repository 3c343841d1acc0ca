"""The clocks of a workspace, and putting them on incidents."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, LiteralString

from core.sql.prepared import send
from incidents.models import Incident, SlaPolicy
from incidents.sla.deadlines import STANDARD, Clocks, Policy, deadlines, next_update
from incidents.vocabulary import Severity

_POLICY: Final[LiteralString] = """
select severity, acknowledge_within, update_every, resolve_within
  from incidents_slapolicy where workspace_id = %s::bigint
"""


def seed_policies(workspace_id: int, *, preset: Policy = STANDARD) -> None:
    """Give a new workspace its policies; those it already has stay as they are."""
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
    """Every severity's clocks: the workspace's own, else the standard ones."""
    return request_policy(workspace_id)()


def request_policy(workspace_id: int) -> Callable[[], Policy]:
    """`policy_of`, not waited for."""
    answer = send(_POLICY, [workspace_id])

    def policy() -> Policy:
        own = {Severity(severity): Clocks(*clocks) for severity, *clocks in answer.rows()}
        return {**STANDARD, **own}

    return policy


def set_deadlines(incident: Incident, clocks: Clocks) -> None:
    """Set the deadlines on `incident` (not saved), counted from its detection."""
    due = deadlines(clocks, incident.detected_at)
    incident.acknowledge_due_at = due.acknowledge_due_at
    incident.update_due_at = due.update_due_at
    incident.resolve_due_at = due.resolve_due_at


def clocks_for(incident: Incident) -> Clocks:
    """The clocks of the incident's severity in its workspace."""
    return policy_of(incident.workspace_id)[Severity(incident.severity)]


def restart_update_clock(incident: Incident, told_at: datetime) -> None:
    """Stakeholders heard at `told_at`: set when they must hear again (not saved)."""
    incident.update_due_at = next_update(clocks_for(incident), told_at)
