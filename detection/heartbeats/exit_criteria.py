"""Exit criterion: the heartbeats of an incident's components are back."""

from __future__ import annotations

from detection.heartbeats.selectors import heartbeat_ok
from incidents.recovery.criteria import Outcome, Question, Verdict, criterion, not_measured


@criterion("heartbeat_ok", "Heartbeats are up")
def heartbeats_up(question: Question) -> Outcome:
    """Check heartbeats; not measured without an active monitor of an affected component."""
    is_ok = heartbeat_ok(question.incident.workspace_id, question.components)
    if is_ok is None:
        return not_measured("no heartbeat watches these components")
    if is_ok:
        return Outcome(Verdict.PASSED, "every heartbeat of these components is up", is_positive=True)
    return Outcome(Verdict.FAILED, "a heartbeat of these components is not up")
