"""PostgreSQL triggers that guard runs, approvals and breakers."""

from __future__ import annotations

from typing import Final

import pgtrigger

from remediation.vocabulary import BREAKER_MOVES, MOVES

FACTS: Final = ["workspace", "incident", "action", "target_key", "risk", "snapshot", "digest", "is_drill"]

RUN_MOVES: Final = pgtrigger.FSM(
    name="run_moves", field="state", transitions=[(before.value, after.value) for before, after in MOVES]
)
RUN_FACTS: Final = pgtrigger.ReadOnly(name="run_facts_never_change", fields=FACTS)
RUN_BEGINS: Final = pgtrigger.Trigger(
    name="run_begins_waiting",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    func="""
        if new.state not in ('proposed', 'awaiting_approval', 'approved')
           or (new.state in ('proposed', 'approved') and new.risk <> 'low')
        then
            raise exception 'a run cannot begin as % at % risk', new.state, new.risk
                using errcode = 'check_violation';
        end if;
        return new;
    """,
)
RUN_IS_APPROVED: Final = pgtrigger.Trigger(
    name="run_is_approved_by_people",
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    condition=pgtrigger.Q(new__state="approved") & ~pgtrigger.Q(old__state="approved"),
    declare=[("given", "integer")],
    func="""
        select count(*) into given from remediation_runapproval
         where run_id = new.id and verdict = 'approved' and digest = new.digest;
        if new.risk <> 'low' and given < 1 + (new.risk = 'high' and new.requested_by_id is null)::int then
            raise exception 'run % lacks its approvals', new.id using errcode = 'check_violation';
        end if;
        return new;
    """,
)
DRILLS_APART: Final = pgtrigger.Trigger(
    name="drill_runs_touch_nothing_real",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("drill", "boolean"), ("all_drills", "boolean"), ("kind", "text")],
    func="""
                    select i.is_drill, coalesce(c.opens_drills, false) into drill, all_drills
                      from incidents_incident i
                      left join incidents_incidentcounter c on c.workspace_id = i.workspace_id
                     where i.id = new.incident_id;
                    select executor into kind from remediation_remediationaction where id = new.action_id;
                    if new.is_drill is distinct from drill or (drill and not all_drills and kind <> 'manual')
                    then
                        raise exception 'a run of a drill may not act on a real target'
                            using errcode = 'check_violation';
                    end if;
                    return new;
                """,
)

APPROVALS_ARE_FINAL: Final = pgtrigger.Protect(
    name="approvals_are_final", operation=pgtrigger.Update | pgtrigger.Delete
)
APPROVAL_FITS: Final = pgtrigger.Trigger(
    name="approval_fits_its_run",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("fits", "boolean")],
    func="""
        select r.state = 'awaiting_approval' and r.digest = new.digest and r.expires_at > now()
               and r.workspace_id = new.workspace_id
               and not (r.risk = 'high' and new.verdict = 'approved'
                        and r.requested_by_id is not distinct from new.approver_id)
               and exists (select from accounts_membership m
                            where m.workspace_id = r.workspace_id and m.user_id = new.approver_id
                              and m.role in ('responder', 'manager', 'admin'))
          into fits from remediation_remediationrun r where r.id = new.run_id;
        if fits is not true then
            raise exception 'this approval does not fit its run' using errcode = 'check_violation';
        end if;
        return new;
    """,
)

BREAKER_BEGINS_CLOSED: Final = pgtrigger.Protect(
    name="breaker_begins_closed",
    operation=pgtrigger.Insert,
    condition=~pgtrigger.Q(new__state="closed"),
)
BREAKER_STATES: Final = pgtrigger.FSM(
    name="breaker_moves",
    field="state",
    transitions=[(before.value, after.value) for before, after in BREAKER_MOVES],
)
ONE_TRIAL: Final = pgtrigger.Protect(
    name="breaker_has_one_trial",
    operation=pgtrigger.Update,
    condition=pgtrigger.Condition(
        "old.state = 'half_open' and new.state = 'half_open' and old.probe_run_id is not null"
        " and new.probe_run_id is not null and new.probe_run_id <> old.probe_run_id"
    ),
)
