"""Writes audit entries in the transaction of the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model

from accounts.actor import Actor
from accounts.models import AuditEntry
from core.sql.prepared import write

SUMMARY_LENGTH = 300


def audit_entry(
    actor: Actor, *, action: str, target: Model, summary: str, changes: Mapping[str, Any] | None = None
) -> AuditEntry:
    """Return an unsaved entry for `record_all`. `changes` maps a field to [before, after], JSON-ready."""
    return AuditEntry(
        workspace_id=actor.workspace_id,
        actor_kind=actor.kind,
        actor_label=actor.label[:150],
        user_id=actor.user_id,
        token_id=actor.token_id,
        action=action,
        object_type=target._meta.model_name or "",
        object_id=str(target.pk),
        summary=summary[:SUMMARY_LENGTH],
        changes=dict(changes or {}),
        request_id=actor.request_id[:64],
    )


def record(
    actor: Actor, *, action: str, target: Model, summary: str, changes: Mapping[str, Any] | None = None
) -> AuditEntry:
    """Write one entry. `action` is "incident.acknowledge"; `summary` a sentence, cut at 300 characters."""
    entry = audit_entry(actor, action=action, target=target, summary=summary, changes=changes)
    entry.save(force_insert=True)
    return entry


def record_all(actor: Actor, entries: Sequence[AuditEntry]) -> None:
    """Write many entries of one actor in one statement."""
    write(entries)
