"""Executes runs: each is claimed and started at most once; an expired claim is never repeated."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.errors import Problem
from remediation.executors.base import Progress, Report, executor_for
from remediation.executors.shim import boot_id
from remediation.runs.models import Breaker, RemediationRun, RunAttempt, TargetState
from remediation.runs.policy import breaker_allows_trial
from remediation.runs.services.approving import locked_run, move, still_missing
from remediation.runs.services.settling import settle
from remediation.runs.snapshot import actor_of, is_as_shown, order_of
from remediation.vocabulary import LIVE, WAITING, BreakerState, RunState

LEASE: Final = timedelta(seconds=30)
POLL_EVERY: Final = timedelta(seconds=5)
BATCH: Final = 20


def run_due() -> int:
    """Expire overdue runs, start approved ones, poll live ones. Returns how many were processed."""
    return expire_waiting() + sum(start(run) for run in to_start()) + sum(follow(run) for run in to_follow())


def to_start() -> list[RemediationRun]:
    """Due approved runs, those that waited longest first."""
    return _due("not_before", state=RunState.APPROVED, not_before__lte=Now())


def to_follow() -> list[RemediationRun]:
    """Live runs that are due to be polled, those polled longest ago first."""
    live = [state for state in LIVE if state != RunState.UNKNOWN]
    return _due("lease_until", state__in=live, lease_until__lt=Now())


def _due(order: str, **conditions: object) -> list[RemediationRun]:
    rows = RemediationRun.across_workspaces.filter(**conditions).select_related(
        "action", "incident", "component"
    )
    return list(rows.order_by(order, "id")[:BATCH])


def expire_waiting() -> int:
    """Expire runs that were not approved or started in time."""
    count = 0
    for run in _due("expires_at", state__in=[*WAITING], expires_at__lt=Now()):
        with transaction.atomic():
            held = locked_run(run.workspace_id, run.pk)
            if held.state in WAITING and held.expires_at <= timezone.now():
                move(actor_of(held), held, RunState.EXPIRED, reason="It expired before it started.")
                count += 1
    return count


def start(run: RemediationRun) -> int:
    """Claim and start an approved run, once. Returns 1 if this worker started it."""
    claimed = claim(run.workspace_id, run.pk)
    if claimed is None:
        return 0
    _free_connection()
    handle: dict[str, object] = {}
    try:
        report = executor_for(claimed.action.executor).start(order_of(claimed), handle)
    except Problem as problem:
        report = Report(Progress.FAILED, reason=problem.detail)
    _remember(claimed, handle)
    settle(claimed, report)
    return 1


def claim(workspace_id: int, run_id: int) -> RemediationRun | None:
    """Claim an approved run with its single attempt; None if it may not start.

    Checks everything again: expiry, incident, bound facts, approvals, cooldown and breaker.
    """
    try:
        with transaction.atomic():
            run = locked_run(workspace_id, run_id)
            if run.state != RunState.APPROVED:
                return None
            if not _may_start(run):
                _requeue_behind_others(run)
                return None
            RunAttempt.objects.create(
                workspace_id=workspace_id, run=run, fence=run.fence + 1, host=socket.gethostname()[:255],
                boot_id=boot_id()[:64],
            )  # fmt: skip
            run.fence += 1
            run.state = RunState.CLAIMED
            run.lease_until = timezone.now() + LEASE
            run.save(update_fields=["fence", "state", "lease_until"])
            return run
    except IntegrityError:  # another run is live on the target: wait
        _requeue_behind_others(RemediationRun.objects.of(workspace_id).get(pk=run_id))
        return None


def _requeue_behind_others(run: RemediationRun) -> None:
    """Move a run that must wait behind other due runs, so that it does not block them."""
    waiting = RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk, state=RunState.APPROVED)
    waiting.filter(not_before__lt=Now()).update(not_before=Now())


def _may_start(run: RemediationRun) -> bool:
    actor = actor_of(run)
    if run.expires_at <= timezone.now():
        move(actor, run, RunState.EXPIRED, reason="It expired before it started.")
        return False
    if not run.incident.is_unresolved and run.rollback_of_id is None:
        move(actor, run, RunState.VOID, reason=f"{run.incident.reference} is {run.incident.status}.")
        return False
    if not is_as_shown(run):
        move(actor, run, RunState.VOID, reason="It changed after the approval.")
        return False
    if missing := still_missing(run):
        move(actor, run, RunState.VOID, reason=f"An approval is no longer valid. {missing}")
        return False
    return _target_is_free(run) and _breaker_allows(run)


def _target_is_free(run: RemediationRun) -> bool:
    """Whether no other run is live on the target and the cooldown is over; serialized by a row lock."""
    states = TargetState.objects.of(run.workspace_id)
    key = {"target_key": run.target_key, "action_slug": run.action.slug}
    TargetState.objects.bulk_create(
        [TargetState(workspace_id=run.workspace_id, **key)], ignore_conflicts=True
    )
    state = states.select_for_update().get(**key)
    live = RemediationRun.objects.of(run.workspace_id).filter(target_key=run.target_key, state__in=LIVE)
    if live.exists():
        return False
    last = state.last_started_at
    if last is not None and (again := last + timedelta(seconds=run.action.cooldown_s)) > timezone.now():
        RemediationRun.objects.of(run.workspace_id).filter(pk=run.pk).update(not_before=again)
        return False
    states.filter(pk=state.pk).update(last_started_at=Now())
    return True


def _breaker_allows(run: RemediationRun) -> bool:
    """Whether the breaker allows the run; half open allows exactly one."""
    if not run.is_automatic:
        return True
    breaker = (
        Breaker.objects.of(run.workspace_id).select_for_update().filter(action_slug=run.action.slug).first()
    )
    if breaker is None or breaker.state == BreakerState.CLOSED:
        return True
    if breaker.probe_run_id not in {None, run.pk}:
        return False
    if breaker_allows_trial(BreakerState(breaker.state), breaker.opened_at, timezone.now()):
        breaker.state, breaker.probe_run = BreakerState.HALF_OPEN, run
        breaker.save(update_fields=["state", "probe_run"])
        return True
    return False


def follow(run: RemediationRun) -> int:
    """Poll a live run: claimed with an expired lease, running or verifying."""
    lease = timezone.now() + POLL_EVERY
    held = RemediationRun.objects.of(run.workspace_id).filter(
        pk=run.pk, fence=run.fence, state=run.state, lease_until=run.lease_until
    )
    if not held.update(lease_until=lease, fence=F("fence") + 1):
        return 0
    run.fence, run.lease_until = run.fence + 1, lease
    if run.state == RunState.VERIFYING:
        settle(run, Report(Progress.SUCCEEDED))
        return 1
    attempt = RunAttempt.objects.of(run.workspace_id).get(run=run)
    settle(run, _within_time(run, _poll(run, attempt)))
    return 1


def _poll(run: RemediationRun, attempt: RunAttempt) -> Report:
    """Report of the executor; a local one can only be polled on the host that started it."""
    executor = executor_for(run.action.executor)
    if executor.is_local and attempt.host != socket.gethostname()[:255]:
        return Report(Progress.RUNNING, reason=f"It was started on {attempt.host}.")
    order, handle = order_of(run), attempt.handle
    _free_connection()
    return executor.probe(order, handle) if run.state == RunState.CLAIMED else executor.poll(order, handle)


def _within_time(run: RemediationRun, report: Report) -> Report:
    """The report, or `unknown` if there is no outcome after twice the time limit."""
    started = RunAttempt.objects.of(run.workspace_id).get(run=run).started_at
    limit = timedelta(seconds=2 * run.action.timeout_s)
    by_hand = executor_for(run.action.executor).by_hand
    if report.progress != Progress.RUNNING or by_hand or timezone.now() < started + limit:
        return report
    return Report(
        Progress.UNKNOWN, report.code, report.output, f"No outcome within {limit.total_seconds():.0f} s."
    )


def _remember(run: RemediationRun, handle: dict[str, object]) -> None:
    if handle:
        RunAttempt.objects.of(run.workspace_id).filter(run=run, fence=run.fence).update(handle=handle)


def _free_connection() -> None:
    """Release the database connection before a call that may take seconds."""
    if not connection.in_atomic_block:
        connection.close()
