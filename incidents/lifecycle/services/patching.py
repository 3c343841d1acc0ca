"""Applies several changes in one request, all or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction

from accounts.actor import Actor
from incidents.correlation.services.opening import declare_incident, declared_with
from incidents.lifecycle.services.locked_change import Change, change
from incidents.lifecycle.services.responding import (
    change_severity,
    change_stage,
    change_status,
    edit_incident,
)
from incidents.models import Incident
from incidents.privacy.services import set_private
from incidents.roles.services import assign_role
from incidents.timeline.services.notes import add_note, add_update

_TEXTS: Final = (
    "title", "description", "impact", "root_cause", "labels", "metadata", "incident_type", "users_impacted",
)  # fmt: skip


def patch_incident(
    actor: Actor, *, number: int | str, wanted: Mapping[str, Any], version: int | None = None
) -> Incident:
    """Apply every change in `wanted`, each through its own service, in one transaction.

    Keys: title, description, impact, root_cause, labels, metadata, incident_type, users_impacted ("":
    unknown), severity, status, stage, is_private, assigned_to (a user name; None: no one), notes, message and
    is_public (used with a change of status or stage, or as an update). Raises Conflict when `version` is
    stale, and what the services raise, changing nothing.
    """
    with transaction.atomic():
        incident = change(actor, Change.refuse_stale, number=number, version=version, in_line=True)
        where: dict[str, Any] = {"number": incident.number}
        if "is_private" in wanted:
            incident = set_private(actor, **where, is_private=wanted["is_private"])
        if texts := {name: wanted[name] for name in _TEXTS if name in wanted}:
            incident = edit_incident(actor, **where, **texts)
        if "severity" in wanted:
            incident = change_severity(actor, **where, severity=wanted["severity"])
        with_stage = wanted.get("message") or "" if "stage" in wanted and "status" not in wanted else ""
        if "stage" in wanted:
            incident = change_stage(actor, **where, stage=wanted["stage"], message=with_stage)
        if "assigned_to" in wanted:
            incident = assign_role(actor, **where, username=wanted["assigned_to"])
        if wanted.get("notes"):
            incident = add_note(actor, **where, message=wanted["notes"])
        texts = {name: wanted[name] for name in ("message", "is_public") if name in wanted}
        if "status" in wanted:
            incident = change_status(actor, **where, status=wanted["status"], **texts)
        elif texts.get("message") and not with_stage:
            incident = add_update(actor, **where, **texts)
    return incident


def declare_and_set(
    actor: Actor,
    *,
    declared: Mapping[str, Any],
    status: str | None = None,
    assigned_to: str | None = None,
    impact: str = "",
) -> Incident:
    """Declare an incident and, in one transaction, set its impact, commander and a status other than open.

    `declared` has the arguments of `declare_incident`; a repeat of its `request_key` returns the current
    incident. Raises what those services raise, creating nothing.
    """
    if not impact and assigned_to is None and status is None:
        return declare_incident(actor, **declared)
    with transaction.atomic():
        if known := declared_with(actor, declared.get("request_key", "")):
            return known
        incident = declare_incident(actor, **declared)
        if impact:
            incident = edit_incident(actor, number=incident.number, impact=impact)
        if assigned_to is not None:
            incident = assign_role(actor, number=incident.number, username=assigned_to)
        if status is not None:
            incident = change_status(actor, number=incident.number, status=status)
    return incident
