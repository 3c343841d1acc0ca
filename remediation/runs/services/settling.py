"""Settles runs: applies reports, verifies health, updates the breaker."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import Conflict
from core.http.client import HttpPassingError, HttpPermanentError, request
from incidents.models import Incident
from remediation.executors.base import MAX_OUTPUT_BYTES, Progress, Report, executor_for
from remediation.executors.placeholders import PlaceholderError, filled_address
from remediation.runs.models import Breaker, RemediationRun, RunAttempt
from remediation.runs.policy import BREAKER_WINDOW, RECURS_WITHIN, breaker_opens
from remediation.runs.services.approving import locked_run, move
from remediation.runs.services.rollbacks import plan_rollback
from remediation.runs.snapshot import actor_of
from remediation.vocabulary import CARRIED_OUT, BreakerState, RunState

CHECKS_IN_A_ROW: Final = 3
VERIFY_WITHIN: Final = timedelta(minutes=15)
_ENDS: Final = {
    Progress.FAILED: RunState.FAILED,
    Progress.NOT_STARTED: RunState.FAILED,
    Progress.UNKNOWN: RunState.UNKNOWN,
}


def settle(run: RemediationRun, report: Report) -> bool:
    """Apply a report, if this worker still holds the run. Returns whether it does."""
    healthy = _is_healthy(run) if report.progress == Progress.SUCCEEDED else None
    with transaction.atomic():
        held = locked_run(run.workspace_id, run.pk)
        if held.fence != run.fence or held.state not in {
            RunState.CLAIMED,
            RunState.RUNNING,
            RunState.VERIFYING,
        }:
            return False
        _keep_output(held, report)
        if held.state == RunState.CLAIMED and report.progress in {Progress.RUNNING, Progress.SUCCEEDED}:
            move(actor_of(held), held, RunState.RUNNING)
        if report.progress == Progress.SUCCEEDED:
            _verify(held, healthy)
        elif report.progress != Progress.RUNNING:
            _end(actor_of(held), held, _ENDS[report.progress], report.reason)
    return True


def _keep_output(run: RemediationRun, report: Report) -> None:
    if report.output:
        run.output = report.output[:MAX_OUTPUT_BYTES]
    run.lease_until = timezone.now() + timedelta(seconds=5)
    run.save(update_fields=["output", "lease_until"])
    if report.progress not in {Progress.RUNNING}:
        RunAttempt.objects.of(run.workspace_id).filter(run=run).update(
            outcome=report.progress.value, exit_code=report.code, ended_at=timezone.now()
        )


def _is_healthy(run: RemediationRun) -> bool | None:
    """Whether the health check of the action, else of its component, says 2xx; None without either.

    None also where the address has no place for such a component: then nothing can be asked.
    """
    try:
        url = filled_address(run.action.health_url, {"component": run.snapshot["target"]})
    except PlaceholderError:
        return None
    url = url or (run.component.health_url if run.component else "")
    if not url:
        return None
    try:
        request("GET", url, max_redirects=2, cuts_body=True)
    except (HttpPassingError, HttpPermanentError):
        return False
    return True


def _verify(run: RemediationRun, healthy: bool | None) -> None:
    """Verified by three passes in a row within 15 minutes; unverified without a health check."""
    actor = actor_of(run)
    if run.state != RunState.VERIFYING:
        move(actor, run, RunState.VERIFYING)
        run.verify_until = timezone.now() + VERIFY_WITHIN
    run.checks_passed = run.checks_passed + 1 if healthy else 0
    run.save(update_fields=["verify_until", "checks_passed"])
    if healthy is None:
        _end(actor, run, RunState.UNVERIFIED, "Executed; there is no health check to verify that it helped.")
    elif run.checks_passed >= CHECKS_IN_A_ROW:
        _end(actor, run, RunState.SUCCEEDED, "")
    elif run.verify_until is not None and timezone.now() >= run.verify_until:
        _end(actor, run, RunState.FAILED, "Executed, but the health check did not pass within 15 minutes.")
        plan_rollback(run)


def _end(actor: Actor, run: RemediationRun, state: RunState, reason: str) -> None:
    move(actor, run, state, reason=reason)
    _update_breaker(run)


def _update_breaker(run: RemediationRun) -> None:
    """Open the breaker after three bad runs of the last five; close it after a good trial.

    A successful run followed by a new incident of its component is bad, too. Unverified runs do not count,
    but an unverified trial closes the breaker.
    """
    ended = [RunState.SUCCEEDED, RunState.FAILED, RunState.UNKNOWN]
    recent = RemediationRun.objects.of(run.workspace_id).filter(action__slug=run.action.slug, state__in=ended)
    well = [_helped(one) for one in recent.order_by("-id")[:BREAKER_WINDOW]]
    key = {"workspace_id": run.workspace_id, "action_slug": run.action.slug}
    Breaker.objects.bulk_create([Breaker(**key)], ignore_conflicts=True)
    breaker = Breaker.objects.of(run.workspace_id).select_for_update().get(action_slug=run.action.slug)
    if breaker.state == BreakerState.HALF_OPEN and breaker.probe_run_id == run.pk:
        _set(breaker, BreakerState.CLOSED if run.state in CARRIED_OUT else BreakerState.OPEN, run)
    elif breaker.state == BreakerState.CLOSED and breaker_opens(well):
        _set(breaker, BreakerState.OPEN, run)


def _helped(run: RemediationRun) -> bool:
    """Whether it succeeded without another incident of its component soon after."""
    if run.state != RunState.SUCCEEDED or run.ended_at is None or run.component_id is None:
        return bool(run.state == RunState.SUCCEEDED)
    soon = (run.ended_at, run.ended_at + RECURS_WITHIN)
    others = Incident.objects.of(run.workspace_id).exclude(pk=run.incident_id).filter(merged_into=None)
    again = others.filter(affected__component_id=run.component_id, detected_at__range=soon)
    return not again.filter(is_drill=run.is_drill).exists()


def _set(breaker: Breaker, state: BreakerState, run: RemediationRun) -> None:
    is_open = state == BreakerState.OPEN
    breaker.state = state
    breaker.reason = f"{run.action.name} went wrong too often" if is_open else ""
    breaker.opened_at = timezone.now() if is_open else None
    breaker.probe_run = None
    breaker.save(update_fields=["state", "reason", "opened_at", "probe_run"])


def half_open(actor: Actor, slug: str) -> Breaker:
    """Allow one automatic run of an action as a trial. Raises Conflict if its breaker is not open."""
    require(actor, Capability.REMEDIATION_WRITE)
    with transaction.atomic():
        breaker: Breaker | None = (
            Breaker.objects.of(actor.workspace_id).select_for_update().filter(action_slug=slug).first()
        )
        if breaker is None or breaker.state != BreakerState.OPEN:
            raise Conflict(f"Automatic runs of {slug} are not stopped. Nothing was changed.")
        breaker.state, breaker.probe_run = BreakerState.HALF_OPEN, None
        breaker.save(update_fields=["state", "probe_run"])
        return breaker


def report_outcome(actor: Actor, run_id: int, *, outcome: str, note: str = "") -> RemediationRun:
    """Report the outcome of a manual or an unknown run; an unknown one may also be abandoned.

    Raises Conflict if the run does not accept that outcome, Forbidden, NotFound.
    """
    require(actor, Capability.REMEDIATION_RUN)
    with transaction.atomic():
        run = locked_run(actor.workspace_id, run_id, viewer=actor.viewer)
        by_hand = executor_for(run.action.executor).by_hand
        if run.state == RunState.UNKNOWN and outcome in {"succeeded", "failed", "abandoned"}:
            _end(actor, run, RunState(outcome), note)
        elif run.state == RunState.RUNNING and by_hand and outcome in {"succeeded", "failed"}:
            if outcome == "succeeded":
                move(actor, run, RunState.VERIFYING)
            _end(actor, run, RunState(outcome), note)
        else:
            raise Conflict(
                f"This run is {run.get_state_display().lower()}; its outcome cannot be set to {outcome!r}.",
                extra={"state": run.state},
            )
        return run
