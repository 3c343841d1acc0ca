"""Reads and changes the response policy of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from incidents.validation import invalid
from incidents.vocabulary import Severity
from remediation.recovery.models import MAX_WINDOW_S, MIN_WINDOW_S, ResponsePolicy

FIELDS = ("auto_start", "auto_resolve", "recovery_window_s")


def policy_of(workspace_id: int) -> ResponsePolicy:
    """The policy of the workspace; unsaved defaults if it was never changed."""
    found = ResponsePolicy.objects.of(workspace_id).first()
    return found or ResponsePolicy(workspace_id=workspace_id)


def shown_policy(actor: Actor) -> ResponsePolicy:
    """The policy, for members who may read incidents. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    return policy_of(actor.workspace_id)


def change_policy(actor: Actor, wanted: Mapping[str, Any]) -> ResponsePolicy:
    """Change any of `FIELDS`. Idempotent. Raises Invalid (field), Forbidden."""
    require(actor, Capability.REMEDIATION_WRITE)
    clean = {name: _clean(name, value) for name, value in wanted.items()}
    with transaction.atomic():
        policy = _locked(actor.workspace_id)
        changes = {
            name: [getattr(policy, name), value]
            for name, value in clean.items()
            if getattr(policy, name) != value
        }
        if changes:
            for name, value in clean.items():
                setattr(policy, name, value)
            policy.save()
            summary = f"{actor.label} changed the automatic response"
            record(actor, action="remediation.policy", target=policy, summary=summary, changes=changes)
    return policy


def _locked(workspace_id: int) -> ResponsePolicy:
    ResponsePolicy.objects.bulk_create([ResponsePolicy(workspace_id=workspace_id)], ignore_conflicts=True)
    found: ResponsePolicy = ResponsePolicy.objects.of(workspace_id).select_for_update().get()
    return found


def _clean(name: str, value: Any) -> Any:
    if name == "recovery_window_s":
        if isinstance(value, bool) or not isinstance(value, int) or not MIN_WINDOW_S <= value <= MAX_WINDOW_S:
            raise invalid(name, "range", f"must be {MIN_WINDOW_S} to {MAX_WINDOW_S:,} seconds")
        return value
    if name not in FIELDS or not isinstance(value, Sequence) or isinstance(value, str):
        raise invalid(name, "choice", "must be a list of severities")
    if unknown := set(value) - set(Severity.values):
        raise invalid(
            name, "choice", f"{min(unknown)} is not a severity; known: {', '.join(Severity.values)}"
        )
    return sorted(set(value))
