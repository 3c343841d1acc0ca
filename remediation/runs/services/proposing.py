"""Creates runs: requested by people, or by Tocsin from the incident's scenario."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor, system_actor
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Invalid, NotFound, Problem
from core.queue.nudge import nudge
from core.queue.runner import nudge_queue
from incidents.drills.selectors import is_for_drills
from incidents.lifecycle.services.responding import change_stage
from incidents.models import Component, Incident
from incidents.selectors import incident_by_id, incident_for
from incidents.vocabulary import Severity, Stage
from remediation.catalogue.definitions import Scenario, scenario_for
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.services import ensure_catalogue
from remediation.queues import ACTIONS, RUN_DUE
from remediation.recovery.services.policies import policy_of
from remediation.runs.digest import run_digest
from remediation.runs.models import AutomaticProposal, Breaker, RemediationRun
from remediation.runs.policy import (
    AUTOMATIC_RUNS_AN_HOUR,
    EXPIRY,
    automatic_actions,
    breaker_allows_trial,
    run_risk,
)
from remediation.runs.services.recording import announce
from remediation.runs.snapshot import facts_of, main_component, preview_of, target_key
from remediation.vocabulary import BreakerState, ExecutorKind, Risk, RunState


@dataclass(frozen=True, slots=True)
class Request:
    """A request: action, component, requested approver, and an idempotency key."""

    action: str
    component: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    request_key: str = ""
    approver_id: int | None = None
    rollback_of: int | None = None


def request_run(actor: Actor, ref: int | str, wanted: Request) -> RemediationRun:
    """Request a run for an incident. Low risk starts; others await approval.

    Idempotent by `request_key`. Raises NotFound, Forbidden, Invalid for an unknown action or component,
    Conflict for a resolved incident and for a key of another request.
    """
    require(actor, Capability.REMEDIATION_RUN)
    incident = incident_for(actor, ref)
    if not incident.is_unresolved:
        raise Conflict(
            f"{incident.reference} is {incident.status}. Reopen it to run actions; nothing was started."
        )
    ensure_catalogue(actor.workspace_id)
    action = current_action(actor.workspace_id, wanted.action)
    component = _component(incident, wanted.component)
    key = f"user:{actor.user_id or actor.label}:{wanted.request_key or timezone.now().isoformat()}"
    run = _propose(actor, incident, action, component, wanted, origin_key=key[:200])
    is_other_target = bool(wanted.component) and run.component_id != (component and component.pk)
    if run.action.slug != action.slug or is_other_target:
        raise Conflict(f"That key was used to request {run.action.name} already. Nothing was started.")
    return run


def current_action(workspace_id: int, slug: str) -> RemediationAction:
    """The current version of an action. Raises NotFound listing the existing ones."""
    rows = RemediationAction.objects.of(workspace_id).filter(is_current=True, is_enabled=True)
    found: RemediationAction | None = rows.filter(slug=slug).first()
    if found is None:
        known = ", ".join(sorted(rows.values_list("slug", flat=True)))
        raise NotFound(f"There is no action {slug!r}; known: {known}.")
    return found


def _component(incident: Incident, name: str) -> Component | None:
    if not name:
        return main_component(incident)
    found: Component | None = Component.objects.of(incident.workspace_id).filter(name=name).first()
    if found is None:
        fault = FieldFault("component", "known", f"there is no component {name!r} in this workspace")
        raise Invalid("Nothing was started.", faults=[fault])
    return found


def plan_proposals(workspace_id: int, incident_id: int) -> None:
    """Plan `propose_automatic` for a new incident. Idempotent."""
    with transaction.atomic():
        item = AutomaticProposal(workspace_id=workspace_id, incident_id=incident_id)
        AutomaticProposal.objects.bulk_create([item], ignore_conflicts=True)
        nudge_queue(ACTIONS)


def propose_automatic(workspace_id: int, incident_id: int) -> list[RemediationRun]:
    """Start low-risk actions of a new incident's scenario, and request approval of others. Idempotent.

    Selected by `policy.automatic_actions`. Only actions with an executor: checklists are recommended, never
    started. If the breaker is open, the hourly budget is used up, or the response policy excludes this
    severity, the run is only proposed. Containment starts with the first action.
    """
    incident = incident_by_id(workspace_id, incident_id)
    scenario = scenario_for(incident.incident_type)
    if not scenario.automatic or not incident.is_unresolved:
        return []
    ensure_catalogue(workspace_id)
    actor, component, made = system_actor(workspace_id), main_component(incident), []
    for action in _automatic(incident, scenario, component):
        key = f"auto:{action.slug}:{target_key(action, component)}"
        try:
            run = _propose(actor, incident, action, component, Request(action.slug), origin_key=key)
        except Problem:
            continue  # without a dry run it is not started; people see the error when they try it
        made.append(run)
    if any(run.state == RunState.APPROVED and run.risk == Risk.LOW for run in made):
        _contain(actor, incident)
    return made


def _automatic(
    incident: Incident, scenario: Scenario, component: Component | None
) -> list[RemediationAction]:
    rows = RemediationAction.objects.of(incident.workspace_id).filter(is_current=True, is_enabled=True)
    known = {row.slug: row for row in rows.filter(slug__in=scenario.actions).exclude(executor="manual")}
    tier = component.tier if component else None
    risks = [(slug, run_risk(Risk(known[slug].risk), tier)) for slug in scenario.actions if slug in known]
    return [known[slug] for slug in automatic_actions(Severity(incident.severity), risks)]


def _contain(actor: Actor, incident: Incident) -> None:
    if incident.stage == Stage.ASSESSMENT:
        with contextlib.suppress(Conflict, Invalid):  # a person was faster
            change_stage(actor, stage=Stage.CONTAINMENT, incident_id=incident.pk, version=incident.version)


def propose_rollback(workspace_id: int, run_id: int) -> RemediationRun | None:
    """Propose the declared rollback of a run that did not help; low risk starts. None if impossible."""
    run: RemediationRun = (
        RemediationRun.objects.of(workspace_id)
        .select_related("action", "incident", "component")
        .get(pk=run_id)
    )
    try:
        action = current_action(workspace_id, run.action.rollback)
        wanted = Request(action.slug, rollback_of=run.pk)
        return _propose(
            system_actor(workspace_id),
            run.incident,
            action,
            run.component,
            wanted,
            origin_key=f"rollback:{run.pk}",
        )
    except Problem:
        return None  # disabled or without executor: people see the failed run


def _propose(
    actor: Actor,
    incident: Incident,
    action: RemediationAction,
    component: Component | None,
    wanted: Request,
    *,
    origin_key: str,
) -> RemediationRun:
    before = RemediationRun.objects.of(incident.workspace_id).filter(incident=incident, origin_key=origin_key)
    first: RemediationRun | None = before.select_related("action").first()
    if first is not None:
        return first
    refuse_real_target(incident, action)
    preview = preview_of(action, component, wanted.arguments)
    facts = facts_of(incident, action, component, wanted.arguments, preview)
    risk, now = Risk(facts["risk"]), timezone.now()
    run = RemediationRun(
        workspace_id=incident.workspace_id, incident=incident, action=action, component=component,
        target_key=target_key(action, component), risk=risk,
        state=_first_state(actor, action, risk, incident), origin_key=origin_key,
        is_automatic=actor.kind == "system", requested_by_id=actor.user_id,
        requested_label=actor.label[:150], requested_approver_id=wanted.approver_id, snapshot=facts,
        digest=run_digest(facts), preview=preview, expires_at=now + EXPIRY[risk], is_drill=incident.is_drill,
        rollback_of_id=wanted.rollback_of,
    )  # fmt: skip
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            announce(actor, run)
            if run.state == RunState.APPROVED:
                transaction.on_commit(lambda: nudge(RUN_DUE, ACTIONS.name))
    except IntegrityError:
        made_meanwhile: RemediationRun | None = before.select_related("action").first()
        if made_meanwhile is None:
            raise
        return made_meanwhile
    return run


def refuse_real_target(incident: Incident, action: RemediationAction) -> None:
    """Allow only checklists in drills, except in a workspace for drills. Raises Conflict."""
    if incident.is_drill and action.executor != ExecutorKind.MANUAL and not is_for_drills(incident):
        raise Conflict(
            f"{incident.reference} is a drill, and {action.name} would act on a real system. Run a checklist "
            "instead, or act as if it had been done; nothing was started.",
        )


def _first_state(actor: Actor, action: RemediationAction, risk: Risk, incident: Incident) -> RunState:
    if risk != Risk.LOW:
        return RunState.AWAITING_APPROVAL
    if actor.kind == "system" and _only_proposes(action, incident):
        return RunState.PROPOSED
    return RunState.APPROVED


def _only_proposes(action: RemediationAction, incident: Incident) -> bool:
    """Whether the action may only be proposed, not started."""
    may_start = incident.severity in policy_of(incident.workspace_id).auto_start
    return not may_start or _is_stopped(action) or _budget_used(action.workspace_id)


def _is_stopped(action: RemediationAction) -> bool:
    stopped = Breaker.objects.of(action.workspace_id).exclude(state=BreakerState.CLOSED)
    breaker: Breaker | None = stopped.filter(action_slug=action.slug).first()
    if breaker is None:
        return False
    is_tried = breaker.probe_run_id is not None
    state = BreakerState(breaker.state)
    return is_tried or not breaker_allows_trial(state, breaker.opened_at, timezone.now())


def _budget_used(workspace_id: int) -> bool:
    since = timezone.now() - timedelta(hours=1)
    recent = RemediationRun.objects.of(workspace_id).filter(is_automatic=True, created_at__gt=since)
    return bool(recent.count() >= AUTOMATIC_RUNS_AN_HOUR)
