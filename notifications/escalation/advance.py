"""Advances an escalation: runs its due step, reminder, acknowledgement lapse or end.

The caller locks the incident and the escalation, and saves the row. Pages and entries have keys, so that a
repeat after a crash is idempotent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.reasons import Reason
from incidents.models import Incident
from incidents.vocabulary import UNRESOLVED
from notifications.contacts.ways import ways_of
from notifications.escalation.explaining import Verdict, record_escalation
from notifications.escalation.models import Escalation
from notifications.escalation.pages import Page, plan_pages
from notifications.escalation.plan import CONFIRM_WITHIN, Plan, lease_of, plan_from
from notifications.escalation.resolve import ResolvedTargets, reached_by, with_role
from notifications.escalation.state import end, hold, restart
from notifications.escalation.written import last_responder, last_sign, write_entry

Phase: Final = Escalation.Phase


def advance(escalation: Escalation, incident: Incident, *, now: datetime) -> None:
    """Run what is due and set the next due time."""
    once = f"{escalation.pk}:{escalation.generation}"
    if incident.status not in UNRESOLVED:
        record_escalation(incident, f"{once}:over", Verdict.ENDED, Reason.INCIDENT_OVER, at=now)
        end(escalation, now=now)
        return
    if escalation.phase == Phase.ACKNOWLEDGED and not _lease_is_over(escalation, incident, now):
        return
    if escalation.phase != Phase.RUNNING:
        return
    person = acknowledged_by(escalation, incident)
    if person is not None:
        hold(escalation, incident.severity, user_id=person, now=now)
        until = f"until {escalation.due_at:%Y-%m-%d %H:%M} UTC"
        once = f"{once}:ack:{now:%Y%m%dT%H%M%S%f}"
        record_escalation(incident, once, Verdict.HELD, Reason.ACKNOWLEDGED, at=now, detail=until)
        return
    _run_steps(escalation, incident, now)


def acknowledged_by(escalation: Escalation, incident: Incident) -> int | None:
    """The person who acknowledged in this generation; earlier ones acknowledged a lesser incident.

    After the first acknowledgement, a role or a change of status or stage counts as one as well.
    """
    if incident.acknowledged_at is None:
        return None
    return last_responder(incident, since=None if escalation.generation == 1 else escalation.began_at)


def _lease_is_over(escalation: Escalation, incident: Incident, now: datetime) -> bool:
    """Whether the lease expired, so that the escalation resumes now; otherwise sets the next due time."""
    if escalation.holder_id is None:  # acknowledged by a machine: only a pause
        escalation.phase, escalation.leased_at = Phase.RUNNING, None
        return True
    since = escalation.leased_at or escalation.began_at
    sign = last_sign(incident, escalation.holder_id, since=since)
    if sign is not None:
        hold(escalation, incident.severity, user_id=escalation.holder_id, now=sign)
        escalation.due_at = max(escalation.due_at, now + timedelta(seconds=1))
        return False
    if escalation.reminded_at is None:
        _remind(escalation, incident, now)
        return False
    restart(escalation, now=now)
    minutes = int((lease_of(incident.severity) + CONFIRM_WITHIN).total_seconds() // 60)
    message = f"Acknowledgement lapsed: no sign of its holder for {minutes} minutes. Escalation starts again."
    write_entry(incident, message, f"{escalation.pk}:{escalation.generation}:lapse", now=now)
    return True


def _remind(escalation: Escalation, incident: Incident, now: datetime) -> None:
    escalation.reminded_at, escalation.due_at = now, now + CONFIRM_WITHIN
    key = f"esc:{escalation.pk}:{escalation.generation}:remind:{escalation.leased_at:%Y%m%dT%H%M%S}"
    reason = "your acknowledgement lapses in 10 minutes; post on the incident to extend it"
    plan_pages(
        incident.workspace_id,
        [Page(key, incident.pk, reason, user_id=escalation.holder_id, is_notice=True)],
    )


def _run_steps(escalation: Escalation, incident: Incident, now: datetime) -> None:
    """Run the step at the cursor, and the next ones immediately while they name no one."""
    plan = plan_from(escalation.snapshot)
    for _ in range(len(plan.steps) + 1):
        if escalation.position >= len(plan.steps):
            _exhaust(escalation, incident, plan, now)
            return
        step = plan.steps[escalation.position]
        reached = reached_by(incident, step.targets, now=now)
        _record_step(escalation, incident, plan, reached, now)
        is_end_of_round = escalation.position + 1 == len(plan.steps)
        _move(escalation, plan)
        # A page that cannot be sent is none: of people without a contact method, the admins hear instead.
        escalation.has_paged |= bool(ways_of(incident.workspace_id, user_ids=list(reached.people)))
        if is_end_of_round and not escalation.has_paged:
            _reach_admins(escalation, incident, now)
        if reached or is_end_of_round:
            escalation.due_at = now + timedelta(seconds=step.wait_s)
            return


def _move(escalation: Escalation, plan: Plan) -> None:
    following = plan.after(escalation.round, escalation.position)
    escalation.round, escalation.position = following or (escalation.round, len(plan.steps))


def _record_step(
    escalation: Escalation, incident: Incident, plan: Plan, reached: ResolvedTargets, now: datetime
) -> None:
    key = f"esc:{escalation.pk}:{escalation.generation}:{escalation.round}:{escalation.position}"
    place = f"step {escalation.position + 1} of {len(plan.steps)}"
    if plan.repeat:
        place += f", round {escalation.round + 1} of {plan.repeat + 1}"
    pages = [Page(key, incident.pk, why, user_id=pk) for pk, why in reached.people.items()]
    named_channels = reached.channels | reached.silent  # of the silent, the reason is recorded
    pages += [Page(key, incident.pk, why, channel_id=pk) for pk, why in named_channels.items()]
    plan_pages(incident.workspace_id, pages)
    named = ", ".join(f"{reached.labels[pk]} ({why})" for pk, why in reached.people.items())
    message = f"Paged {named} ({place} of {plan.name})." if named else f"{place.capitalize()} of {plan.name}"
    if not named:
        no_one = " and ".join(reached.empty) or "no person"
        channels = len(reached.channels)
        message += f" pages {channels} channels." if channels else f" names no one: {no_one}."
    if not reached:
        is_left_out = incident.is_drill and not reached.empty
        reason = Reason.DRILL if is_left_out else Reason.STEP_EMPTY
        record_escalation(incident, f"{key}:empty", Verdict.SKIPPED, reason, at=now, detail=message)
    write_entry(incident, message, key, now=now, paged=list(reached.people), escalation=key)


def _reach_admins(escalation: Escalation, incident: Incident, now: datetime) -> None:
    """Page all admins if no step of the round named a person who can be reached; not in drills."""
    escalation.reaches_no_one = True
    if incident.is_drill:
        return  # each empty step names Reason.DRILL or Reason.STEP_EMPTY
    key = f"esc:{escalation.pk}:{escalation.generation}:{escalation.round}:admins"
    admins = with_role(incident.workspace_id, "admin")
    reason = "the escalation policy reaches no one"
    plan_pages(incident.workspace_id, [Page(key, incident.pk, reason, user_id=one.pk) for one in admins])
    names = ", ".join(one.label for one in admins) or "no one"
    record_escalation(incident, key, Verdict.PLANNED, Reason.ADMINS_INSTEAD, at=now, detail=names)
    write_entry(
        incident,
        f"The escalation policy reaches no one. Paged all admins: {names}.",
        key,
        now=now,
        paged=[one.pk for one in admins],
    )


def _exhaust(escalation: Escalation, incident: Incident, plan: Plan, now: datetime) -> None:
    rounds = "1 round" if plan.repeat == 0 else f"{plan.repeat + 1} rounds"
    message = f"Escalation ended: no one acknowledged in {rounds} of {plan.name}."
    once = f"{escalation.pk}:{escalation.generation}:exhausted"
    record_escalation(incident, once, Verdict.ENDED, Reason.EXHAUSTED, at=now, detail=message)
    write_entry(incident, message, f"{escalation.pk}:{escalation.generation}:end", now=now)
    end(escalation, now=now)
