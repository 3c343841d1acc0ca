"""Remediation pages: history, and a run with its approvals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from accounts.sign_in.page_authentication import current_actor
from core.errors import Invalid, NotFound, Problem
from core.ui.htmx import SeeOther
from remediation.executors.base import executor_for
from remediation.runs import selectors
from remediation.runs.models import RemediationRun
from remediation.runs.services.approving import (
    approve_run,
    cancel_run,
    missing_text,
    reject_run,
    start_proposed,
)
from remediation.runs.services.settling import report_outcome
from remediation.vocabulary import WAITING, RunState

PAGE: Final = "/remediation"


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """GET: runs of the workspace, newest first."""
    actor = current_actor(request)
    before = request.GET.get("before", "")
    state = request.GET.get("state", "")
    if state and state not in RunState.values:
        raise Invalid(f"There is no state {state[:20]!r}. Known: {', '.join(RunState.values)}.")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found = selectors.history(actor, before=last, state=state)
    older = f"{PAGE}?before={found[-1].pk}&state={state}" if len(found) == selectors.MAX_RUNS else ""
    context = {
        "runs": found, "state": state, "states": RunState.choices, "older": older,
        "stopped": selectors.stopped_actions(actor),
        "may_write": allowed(actor, Capability.REMEDIATION_WRITE),
    }  # fmt: skip
    return render(request, "remediation/runs.html", context)


@require_safe
def run_page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: a run with dry run, output, approvals and actions."""
    actor = current_actor(request)
    run = selectors.run_for(actor, pk)
    waits = run.state == RunState.AWAITING_APPROVAL
    may_run = allowed(actor, Capability.REMEDIATION_RUN)
    context = {
        "run": run,
        "approvals": selectors.approvals_of(run),
        "missing": missing_text(run) if waits else "",
        "expires_in": max(run.expires_at - timezone.now(), timedelta()),
        "may_approve": may_run and waits and actor.user_id is not None,
        "may_cancel": may_run and run.state in WAITING,
        "may_start": may_run and run.state == RunState.PROPOSED,
        "may_report": may_run and _takes_outcome(run),
        "is_unknown": run.state == RunState.UNKNOWN,
    }
    return render(request, "remediation/run.html", context)


def _takes_outcome(run: RemediationRun) -> bool:
    by_hand = executor_for(run.action.executor).by_hand
    return run.state == RunState.UNKNOWN or (run.state == RunState.RUNNING and by_hand)


def _approve(actor: Actor, pk: int, request: HttpRequest) -> RemediationRun:
    return approve_run(actor, pk, digest=request.POST.get("digest", ""), note=request.POST.get("note", ""))


def _reject(actor: Actor, pk: int, request: HttpRequest) -> RemediationRun:
    return reject_run(actor, pk, note=request.POST.get("note", ""))


def _cancel(actor: Actor, pk: int, request: HttpRequest) -> RemediationRun:
    return cancel_run(actor, pk, note=request.POST.get("note", ""))


def _start(actor: Actor, pk: int, request: HttpRequest) -> RemediationRun:
    return start_proposed(actor, pk)


def _outcome(actor: Actor, pk: int, request: HttpRequest) -> RemediationRun:
    outcome, note = request.POST.get("outcome", ""), request.POST.get("note", "")
    return report_outcome(actor, pk, outcome=outcome, note=note)


VERBS: Final[dict[str, Callable[[Actor, int, HttpRequest], RemediationRun]]] = {
    "approve": _approve,
    "reject": _reject,
    "cancel": _cancel,
    "start": _start,
    "outcome": _outcome,
}


@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """POST: approve, reject, cancel, start a run or report its outcome; 303 back to it, also on refusal."""
    actor = current_actor(request)
    if verb not in VERBS:
        raise NotFound("There is no such action on a run.")
    selectors.run_for(actor, pk)
    try:
        run = VERBS[verb](actor, pk, request)
    except Problem as problem:
        messages.error(request, problem.detail)
    else:
        messages.success(request, f"{run.action.name}: {run.get_state_display().lower()}.")
    return SeeOther(f"{PAGE}/runs/{pk}")
