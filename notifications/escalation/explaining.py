"""Records decisions of escalations: why one started, waits or ended, and which step reached no one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.reasons import Reason
from incidents.explain.models import Decision
from incidents.explain.recording import decision, record_decisions
from incidents.models import Incident

Verdict = Decision.Verdict


def record_escalation(
    incident: Incident, once: str, verdict: Decision.Verdict, reason: Reason, *, at: datetime,
    detail: str = "", **data: Any,
) -> None:  # fmt: skip
    """Record a decision about the escalation of an incident, once per `once`."""
    made = decision(
        incident.workspace_id,
        f"escalation:{once}",
        stage=Decision.Stage.ESCALATION,
        verdict=verdict,
        reason=reason,
        at=at,
        incident_id=incident.pk,
        subject="Escalation",
        detail=detail,
        data=data,
    )
    record_decisions([made])
