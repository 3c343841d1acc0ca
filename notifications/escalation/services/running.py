"""Starts, acknowledges and runs escalations, under the locks of the incident and of the escalation."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.queue.items import is_held
from core.queue.runner import nudge_queue
from core.queues import CLOCKS
from core.reasons import Reason
from incidents.lifecycle.paging import PAGING
from incidents.models import Incident
from incidents.vocabulary import UNRESOLVED
from notifications.escalation.advance import acknowledged_by, advance
from notifications.escalation.explaining import Verdict, record_escalation
from notifications.escalation.models import Escalation, EscalationPolicy
from notifications.escalation.pages import Page, plan_pages
from notifications.escalation.plan import Target, best_match, plan_json
from notifications.escalation.resolve import reached_by, schedule_of
from notifications.escalation.state import hold, plan_of, restart
from notifications.escalation.written import write_entry


def start_escalation(
    workspace_id: int, incident_id: int, *, reason: str, event_id: int, now: datetime
) -> bool:
    """Start an escalation, or restart it after growth, reopening or a worse severity. Returns whether it did.

    Idempotent by the id of the event. The policy is copied, so later edits do not affect a running
    escalation. Without a policy, the people on call get one notice.
    """
    with transaction.atomic():
        incident = _locked(workspace_id, incident_id)
        if incident is None or incident.status not in UNRESOLVED:
            return False
        before = Escalation.objects.of(workspace_id).select_for_update().filter(incident=incident).first()
        if before is not None and before.last_event_id >= event_id:
            return False
        policy = policy_for(workspace_id, incident)
        if policy is None:
            record_escalation(
                incident, f"start:{event_id}", Verdict.SKIPPED, Reason.NO_POLICY, at=now, detail=reason
            )
            if before is None and reason == "opened":
                _notify_on_call(incident, now)
            return False
        record_escalation(
            incident, f"start:{event_id}", Verdict.STARTED, Reason.POLICY_FITS, at=now,
            detail=f"{policy.name}, {reason}",
        )  # fmt: skip
        escalation = before or Escalation(workspace_id=workspace_id, incident=incident, generation=0)
        escalation.snapshot = plan_json(plan_of(policy))
        escalation.last_event_id = event_id
        restart(escalation, now=now)
        escalation.save()
        if before is not None:
            write_entry(incident, f"Escalation started again: {reason}.", f"start:{event_id}", now=now)
        nudge_queue(CLOCKS)
    return True


def acknowledge_escalation(
    workspace_id: int, incident_id: int, *, user_id: int | None, now: datetime
) -> None:
    """Hold the escalation for one lease. `user_id` None: by a machine, which does not hold a sev1."""
    with transaction.atomic():
        incident = _locked(workspace_id, incident_id)
        rows = Escalation.objects.of(workspace_id).select_for_update()
        escalation = rows.filter(incident_id=incident_id, phase=Escalation.Phase.RUNNING).first()
        if incident is None or escalation is None or (user_id is None and incident.severity == "sev1"):
            return
        hold(escalation, incident.severity, user_id=user_id, now=now)
        escalation.save()
        once = f"{escalation.pk}:{escalation.generation}:ack:{now:%Y%m%dT%H%M%S%f}"
        until = f"until {escalation.due_at:%Y-%m-%d %H:%M} UTC"
        record_escalation(incident, once, Verdict.HELD, Reason.ACKNOWLEDGED, at=now, detail=until)


@PAGING.register("escalation")
def is_paging(incident: Incident) -> bool:
    """Whether further steps page people: the escalation has not ended, and no one acknowledged it."""
    rows = Escalation.objects.of(incident.workspace_id).filter(incident=incident)
    pending = rows.filter(state=Escalation.State.PENDING).first()
    is_open = incident.status in UNRESOLVED
    return pending is not None and is_open and acknowledged_by(pending, incident) is None


def revive_escalation(workspace_id: int, incident_id: int, *, event_id: int, now: datetime) -> None:
    """Resume the escalation after a person's acknowledgement was undone. Idempotent by the id of the event.

    If someone acknowledged since, the next step holds it instead of paging.
    """
    with transaction.atomic():
        incident = _locked(workspace_id, incident_id)
        rows = Escalation.objects.of(workspace_id).select_for_update()
        rows = rows.filter(incident_id=incident_id, last_event_id__lt=event_id)
        held = rows.filter(phase=Escalation.Phase.ACKNOWLEDGED, holder__isnull=False).first()
        if incident is None or held is None:
            return
        held.phase, held.holder, held.leased_at, held.due_at = Escalation.Phase.RUNNING, None, None, now
        held.reminded_at, held.lease_until, held.last_event_id = None, None, event_id
        held.save()
        nudge_queue(CLOCKS)


def run_escalation(workspace_id: int, item: Escalation, *, now: datetime) -> None:
    """Run what is due of a claimed escalation: a step, a reminder, a lapse, or its end."""
    with transaction.atomic():
        incident = _locked(workspace_id, item.incident_id)
        escalation = Escalation.objects.of(workspace_id).select_for_update().filter(pk=item.pk).first()
        if incident is None or escalation is None or not is_held(item):
            item.is_settled = True
            return
        advance(escalation, incident, now=now)
        escalation.lease_until = None
        escalation.attempts = 0
        escalation.save()
        item.is_settled = True


def policy_for(workspace_id: int, incident: Incident) -> EscalationPolicy | None:
    """The most specific enabled policy that matches the incident."""
    names = list(incident.affected.values_list("component__name", flat=True))
    policies = EscalationPolicy.objects.of(workspace_id).filter(is_enabled=True).prefetch_related("steps")
    found: EscalationPolicy | None = best_match(
        policies, severity=incident.severity, type_=incident.incident_type, components=names
    )
    return found


def _notify_on_call(incident: Incident, now: datetime) -> None:
    reached = reached_by(incident, [Target("on_call", schedule_of(incident))], now=now)
    pages = [
        Page(f"opened:{incident.pk}", incident.pk, why, user_id=pk, is_notice=True)
        for pk, why in reached.people.items()
    ]
    plan_pages(incident.workspace_id, pages)
    if not pages:
        reason = Reason.DRILL if incident.is_drill else Reason.NO_ONE_ON_CALL
        record_escalation(incident, f"opened:{incident.pk}", Verdict.SKIPPED, reason, at=now)
    if pages:
        names = ", ".join(reached.labels[pk] for pk in reached.people)
        write_entry(incident, f"Notified {names} (on call).", "opened", now=now, paged=list(reached.people))


def _locked(workspace_id: int, incident_id: int) -> Incident | None:
    rows = Incident.objects.of(workspace_id).filter(pk=incident_id)
    found: Incident | None = rows.select_for_update(of=("self",), no_key=True).first()
    return found
