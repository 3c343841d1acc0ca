"""Reads runs and recommended actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import NotFound, Problem
from core.sql.compiled_queries import compiled
from incidents.models import Incident
from incidents.privacy.selectors import is_seen
from remediation.catalogue.definitions import Scenario, scenario_for, shipped_actions
from remediation.catalogue.models import RemediationAction
from remediation.catalogue.stored import row_of
from remediation.runs.models import Breaker, RemediationRun, RunApproval
from remediation.runs.policy import run_risk
from remediation.runs.snapshot import main_component, parameters_of
from remediation.vocabulary import BreakerState, Risk

MAX_RUNS: Final = 100


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An action for an incident, its risk for the incident's component, and whether it is recommended."""

    action: RemediationAction
    risk: Risk
    is_recommended: bool

    @property
    def takes_arguments(self) -> bool:
        """Whether it needs its own page: for parameters, or to show why it cannot run."""
        try:
            return bool(parameters_of(self.action))
        except Problem:
            return True


@dataclass(frozen=True, slots=True)
class Plan:
    """Options for an incident: its scenario, and enabled actions, recommended ones first."""

    scenario: Scenario
    recommendations: Sequence[Recommendation]


def plan_for(actor: Actor, incident: Incident) -> Plan:
    """The plan of an incident. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    scenario, component = scenario_for(incident.incident_type), main_component(incident)
    rank = {slug: n for n, slug in enumerate(scenario.actions)}
    rows = [row for row in actions_of(actor) if row.is_enabled]
    tier = component.tier if component else None
    found = [Recommendation(row, run_risk(Risk(row.risk), tier), row.slug in rank) for row in rows]
    found.sort(key=lambda one: (rank.get(one.action.slug, len(rank)), one.action.name))
    return Plan(scenario, found)


def actions_of(actor: Actor) -> Sequence[RemediationAction]:
    """Current versions of all actions, by name; shipped ones that are not stored yet come last."""
    require(actor, Capability.INCIDENTS_READ)
    found = _current_actions(actor.workspace_id)
    stored = {row.slug for row in found}
    missing = [one for one in shipped_actions() if one.slug not in stored]
    return [*found, *(row_of(actor.workspace_id, one, "Tocsin") for one in missing)]


@compiled(int)
def _current_actions(workspace_id: int) -> QuerySet[RemediationAction]:
    return RemediationAction.objects.of(workspace_id).filter(is_current=True).order_by("name")


def action_named(actor: Actor, slug: str) -> RemediationAction:
    """The current version of an action, even if disabled. Raises NotFound, Forbidden."""
    for row in actions_of(actor):
        if row.slug == slug:
            return row
    raise NotFound(f"There is no action {slug!r} in this workspace.")


def _runs(actor: Actor) -> QuerySet[RemediationRun]:
    return _seen_runs(actor.workspace_id, actor.viewer)


def _seen_runs(workspace_id: int, viewer: int) -> QuerySet[RemediationRun]:
    rows = RemediationRun.objects.of(workspace_id).filter(is_seen(workspace_id, viewer, "incident"))
    return rows.select_related("action", "incident", "component", "requested_by").order_by("-id")


def runs_of(actor: Actor, incident: Incident) -> Sequence[RemediationRun]:
    """The latest runs of an incident."""
    require(actor, Capability.INCIDENTS_READ)
    return _runs_on(actor.workspace_id, actor.viewer, incident.pk)


@compiled(int, int, int)
def _runs_on(workspace_id: int, viewer: int, incident_id: int) -> QuerySet[RemediationRun]:
    return _seen_runs(workspace_id, viewer).filter(incident_id=incident_id)[:MAX_RUNS]


def history(actor: Actor, *, before: int | None = None, state: str = "") -> Sequence[RemediationRun]:
    """Runs of the workspace, newest first; `before` is the id of the last one seen."""
    require(actor, Capability.INCIDENTS_READ)
    rows = _runs(actor)
    rows = rows.filter(state=state) if state else rows
    return list((rows.filter(pk__lt=before) if before else rows)[:MAX_RUNS])


def run_for(actor: Actor, run_id: int) -> RemediationRun:
    """One run. Raises NotFound, Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    found = _runs(actor).filter(pk=run_id).first()
    if found is None:
        raise NotFound("There is no such run in this workspace.")
    return found


def approvals_of(run: RemediationRun) -> Sequence[RunApproval]:
    """Decisions about a run, in order."""
    return list(
        RunApproval.objects.of(run.workspace_id).filter(run=run).select_related("approver").order_by("id")
    )


def stopped_actions(actor: Actor) -> Sequence[Breaker]:
    """Breakers that are not closed."""
    rows = Breaker.objects.of(actor.workspace_id).exclude(state=BreakerState.CLOSED)
    return list(rows.order_by("action_slug"))
