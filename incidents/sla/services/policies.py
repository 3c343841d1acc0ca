"""Reads and changes the SLA targets of a workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Workspace
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Invalid
from incidents.models import SlaPolicy
from incidents.sla.deadlines import Clocks, Policy, policy_mark
from incidents.sla.services.clocks import policy_of
from incidents.vocabulary import Severity

MAX_MINUTES = 525_600


def policies_for(actor: Actor) -> Policy:
    """Return every severity's targets. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return policy_of(actor.workspace_id)


def change_policies(actor: Actor, *, policies: Mapping[Severity, Clocks], based_on: str = "") -> Policy:
    """Set the targets of all four severities, in minutes from 1 to a year; open incidents keep theirs.

    based_on: the `policy_mark` the change was made from. Raises Forbidden, Invalid naming `sev1.field`,
    Conflict when someone changed them meanwhile.
    """
    require(actor, Capability.SETTINGS_WRITE)
    _check(policies)
    with transaction.atomic():
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=actor.workspace_id)
        before = policy_of(workspace.pk)
        if based_on and based_on != policy_mark(before):
            raise Conflict("Someone else changed the SLA targets meanwhile. Nothing was saved.")
        changes = {
            severity.value: [_words(before[severity]), _words(policies[severity])]
            for severity in Severity
            if before[severity] != policies[severity]
        }
        if changes:
            _store(workspace.pk, policies)
            summary = f"{actor.label} changed the SLA targets of {', '.join(changes)}"
            record(actor, action="sla.update", target=workspace, summary=summary, changes=changes)
    return dict(policies)


def _check(policies: Mapping[Severity, Clocks]) -> None:
    faults = [
        FieldFault(f"{severity.value}.{field}", "range", f"must be 1 to {MAX_MINUTES} minutes")
        for severity in Severity
        for field, minutes in _fields(policies[severity]).items()
        if minutes is not None and not 1 <= minutes <= MAX_MINUTES
    ]
    faults += [
        FieldFault(f"{s.value}.resolve_within", "order", "must not be shorter than the time to acknowledge")
        for s in Severity
        if (last := policies[s].resolve_within) and last < policies[s].acknowledge_within
    ]
    if faults:
        raise Invalid("The SLA targets were not saved.", faults=faults)


def _fields(clocks: Clocks) -> dict[str, int | None]:
    return dict(zip(("acknowledge_within", "update_every", "resolve_within"), astuple(clocks), strict=True))


def _words(clocks: Clocks) -> str:
    return " / ".join("–" if minutes is None else str(minutes) for minutes in astuple(clocks))


def _store(workspace_id: int, policies: Mapping[Severity, Clocks]) -> None:
    rows = [
        SlaPolicy(workspace_id=workspace_id, severity=severity, **_fields(clocks))
        for severity, clocks in policies.items()
    ]
    SlaPolicy.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["workspace", "severity"],
        update_fields=["acknowledge_within", "update_every", "resolve_within"],
    )
