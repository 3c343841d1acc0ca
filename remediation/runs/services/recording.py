"""Records state changes of runs: timeline entry, audit row and event."""

from __future__ import annotations

from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from core.outbox.events import publish
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import EntryKind
from remediation.events import RunChanged
from remediation.runs.models import RemediationRun
from remediation.vocabulary import RunState

PHRASES = {
    RunState.PROPOSED: "proposed",
    RunState.AWAITING_APPROVAL: "requested approval for",
    RunState.APPROVED: "approved",
    RunState.RUNNING: "started",
    RunState.VERIFYING: "is verifying",
    RunState.SUCCEEDED: "completed",
    RunState.UNVERIFIED: "carried out",
    RunState.FAILED: "recorded a failure of",
    RunState.REJECTED: "rejected",
    RunState.EXPIRED: "let expire",
    RunState.CANCELLED: "cancelled",
    RunState.VOID: "voided",
    RunState.UNKNOWN: "cannot tell the outcome of",
    RunState.ABANDONED: "gave up on",
}


def announce(actor: Actor, run: RemediationRun, *, note: str = "") -> None:
    """Record a run's state on timeline, audit trail and outbox, in the transaction of its change."""
    state = RunState(run.state)
    target = run.snapshot.get("target") or "the workspace"
    message = f"{actor.label} {PHRASES[state]} {run.action.name} on {target}{f': {note}' if note else '.'}"
    made = entry(
        actor, run.incident, EntryKind.REMEDIATION, message, at=timezone.now(),
        run=run.pk, state=state.value, action=run.action.slug,
    )  # fmt: skip
    made.save(force_insert=True)
    summary = f"{actor.label} {PHRASES[state]} {run.action.name} for {run.incident.reference}"
    record(actor, action=f"remediation.{state.value}", target=run, summary=summary)
    publish(
        RunChanged(
            run.workspace_id,
            run.pk,
            run.incident_id,
            run.incident.number,
            run.action.slug,
            state.value,
            run.risk,
        )
    )
