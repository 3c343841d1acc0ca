"""Creates and stores decisions, in the transaction of what they decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from core.reasons import Reason
from incidents.explain.models import Decision

MAX_AT_ONCE: Final = 500
MAX_DETAIL: Final = 500
Stage, Verdict = Decision.Stage, Decision.Verdict


def decision(
    workspace_id: int,
    once: str,
    *,
    stage: Decision.Stage,
    verdict: Decision.Verdict,
    reason: Reason,
    incident_id: int | None = None,
    detail: str = "",
    at: datetime | None = None,
    **fields: Any,
) -> Decision:
    """Return an unsaved decision.

    `once` identifies it in the workspace; `fields`: user_id, channel_id, subject, event_kind and, as `data`,
    what the reason needs besides `detail`.
    """
    data = {name: _storable(value) for name, value in fields.pop("data", {}).items()}
    if detail:
        data["detail"] = _storable(detail[:MAX_DETAIL])
    fields["subject"] = _storable(str(fields.get("subject", "")))[:200]
    if at is not None:
        fields["at"] = at
    return Decision(
        workspace_id=workspace_id,
        incident_id=incident_id,
        stage=stage,
        verdict=verdict,
        reason=reason,
        data=data,
        key=sha256(once.encode()).hexdigest(),
        **fields,
    )


def _storable(value: Any) -> Any:
    """Return a text without characters that PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    return value


def record_decisions(decisions: Iterable[Decision]) -> None:
    """Store those not stored yet, at most 500 per call: one statement."""
    rows = list(decisions)[:MAX_AT_ONCE]
    if rows:
        Decision.objects.bulk_create(rows, ignore_conflicts=True)
