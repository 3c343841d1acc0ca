"""Approves, rejects and cancels runs; approvals are bound to the digest that was shown."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.actor import SEES_ALL, Actor
from accounts.models import Membership, Role
from accounts.oncall.selectors import default_on_call
from accounts.permissions import Capability, require
from core.errors import Conflict, Forbidden, NotFound
from core.queue.nudge import nudge
from incidents.privacy.selectors import is_seen
from remediation.queues import ACTIONS, RUN_DUE
from remediation.runs.approvers import possible_approvers
from remediation.runs.digest import differences
from remediation.runs.models import RemediationRun, RunApproval
from remediation.runs.policy import Approver, missing_approval, refusal
from remediation.runs.services.recording import announce
from remediation.runs.snapshot import facts_now, is_as_shown
from remediation.vocabulary import WAITING, Risk, RunState, Verdict


def approve_run(
    actor: Actor, run_id: int, *, digest: str, note: str = "", via: str = "web"
) -> RemediationRun:
    """Approve a run as shown. It starts once it has all required approvals; see `runs.policy`.

    Raises Forbidden, NotFound, Conflict if it no longer awaits approval, has expired or changed (then
    `extra["changed"]` has the differences, and the run is void).
    """
    approver = _approver(actor)
    with transaction.atomic():
        run = locked_run(actor.workspace_id, run_id, viewer=actor.viewer)
        if _already(run, actor, Verdict.APPROVED):
            return run
        if _expire_or_void(actor, run):
            stale = run
        else:
            _check(run, approver, digest)
            _write(run, approver, digest, Verdict.APPROVED, note, via)
            _advance(actor, run, note)
            return run
    raise Conflict(f"This run is {stale.get_state_display().lower()}: {stale.reason} Nothing was started.")


def reject_run(actor: Actor, run_id: int, *, note: str = "", via: str = "web") -> RemediationRun:
    """Reject a run that awaits approval. Raises Forbidden, Conflict, NotFound."""
    approver = _approver(actor)
    with transaction.atomic():
        run = locked_run(actor.workspace_id, run_id, viewer=actor.viewer)
        if run.state != RunState.AWAITING_APPROVAL:
            raise _conflict(run)
        if _already(run, actor, Verdict.APPROVED):
            raise Conflict("You approved this run, so you cannot reject it. Cancel it; nothing was changed.")
        _write(run, approver, run.digest, Verdict.REJECTED, note, via)
        move(actor, run, RunState.REJECTED, reason=note)
        return run


def cancel_run(actor: Actor, run_id: int, *, note: str = "") -> RemediationRun:
    """Cancel a run that has not started. Raises Conflict once it has, NotFound, Forbidden."""
    require(actor, Capability.REMEDIATION_RUN)
    with transaction.atomic():
        run = locked_run(actor.workspace_id, run_id, viewer=actor.viewer)
        if run.state == RunState.CANCELLED:
            return run
        if run.state not in WAITING:
            raise _conflict(run)
        move(actor, run, RunState.CANCELLED, reason=note)
        return run


def start_proposed(actor: Actor, run_id: int) -> RemediationRun:
    """Start a low-risk run that Tocsin only proposed because its breaker was open or its budget used.

    It is no automatic run any more: a person answers for it, whatever the breaker says.
    """
    require(actor, Capability.REMEDIATION_RUN)
    with transaction.atomic():
        run = locked_run(actor.workspace_id, run_id, viewer=actor.viewer)
        if run.state != RunState.PROPOSED:
            raise _conflict(run)
        run.is_automatic = False
        run.save(update_fields=["is_automatic"])
        move(actor, run, RunState.APPROVED)
        transaction.on_commit(lambda: nudge(RUN_DUE, ACTIONS.name))
        return run


def locked_run(workspace_id: int, run_id: int, *, viewer: int = SEES_ALL) -> RemediationRun:
    """Lock and return a run with incident, action and component. Raises NotFound."""
    seen = RemediationRun.objects.of(workspace_id).filter(is_seen(workspace_id, viewer, "incident"))
    rows = seen.select_for_update(of=("self",))
    found: RemediationRun | None = (
        rows.select_related("incident", "action", "component").filter(pk=run_id).first()
    )
    if found is None:
        raise NotFound("There is no such run in this workspace.")
    return found


def move(actor: Actor, run: RemediationRun, state: RunState, *, reason: str = "") -> None:
    """Change the state, with timeline entry, audit row and event. The database refuses illegal changes."""
    run.state, fields = state, ["state"]
    if reason:
        run.reason = reason[:2000]
        fields.append("reason")
    if state not in {*WAITING, RunState.CLAIMED, RunState.RUNNING, RunState.VERIFYING, RunState.UNKNOWN}:
        run.ended_at = timezone.now()
        fields.append("ended_at")
    run.save(update_fields=fields)
    announce(actor, run, note=reason)


def approvers_of(run: RemediationRun) -> list[Approver]:
    """People who approved and still have the required role."""
    given = RunApproval.objects.of(run.workspace_id).filter(
        run=run, verdict=Verdict.APPROVED, digest=run.digest
    )
    on_call = dict(given.values_list("approver_id", "is_on_call"))
    members = Membership.objects.of(run.workspace_id).filter(user_id__in=on_call, user__is_active=True)
    return [
        Approver(user_id, Role(role), on_call[user_id])
        for user_id, role in members.values_list("user_id", "role")
    ]


def still_missing(run: RemediationRun) -> str:
    """The approval missing now, as a sentence, or ""."""
    return missing_approval(
        Risk(run.risk),
        approvers_of(run),
        run.requested_by_id,
        anyone_on_call=_anyone_on_call(run.workspace_id),
    )


def missing_text(run: RemediationRun) -> str:
    """`still_missing`, with a note if no one in the workspace can give it."""
    missing = still_missing(run)
    if missing and not possible_approvers(run):
        return f"{missing} No member of this workspace can approve it: change roles or the on-call schedule."
    return missing


def _anyone_on_call(workspace_id: int) -> bool:
    return bool(default_on_call(workspace_id, timezone.now()))


def _approver(actor: Actor) -> Approver:
    """The person who approves. Raises Forbidden for tokens without a user, local callers and the system."""
    require(actor, Capability.REMEDIATION_RUN)
    if actor.kind not in {"user", "token"} or actor.user_id is None or actor.role is None:
        raise Forbidden(
            "Only a person who is a member may approve; a machine token may not. Nothing was approved."
        )
    on_call = {user.pk for user in default_on_call(actor.workspace_id, timezone.now())}
    return Approver(actor.user_id, actor.role, actor.user_id in on_call)


def _already(run: RemediationRun, actor: Actor, verdict: Verdict) -> bool:
    given = RunApproval.objects.of(run.workspace_id)
    return bool(given.filter(run=run, approver_id=actor.user_id, verdict=verdict).exists())


def _expire_or_void(actor: Actor, run: RemediationRun) -> bool:
    """Expire or void a run that is overdue or whose facts changed. Returns whether it did."""
    if run.state != RunState.AWAITING_APPROVAL:
        raise _conflict(run)
    if run.expires_at <= timezone.now():
        move(actor, run, RunState.EXPIRED, reason="It was not approved in time.")
        return True
    if not is_as_shown(run):
        changed = ", ".join(differences(run.snapshot, facts_now(run)))
        move(actor, run, RunState.VOID, reason=f"Changed since it was requested: {changed}.")
        return True
    return False


def _check(run: RemediationRun, approver: Approver, digest: str) -> None:
    if digest != run.digest:
        raise Conflict(
            "The run has changed since it was shown to you. Review it again; nothing was approved.",
            extra={"digest": run.digest, "shown": run.snapshot},
        )
    fault = refusal(
        Risk(run.risk), approver, run.requested_by_id, anyone_on_call=_anyone_on_call(run.workspace_id)
    )
    if fault:
        raise Forbidden(f"{fault} Nothing was approved.")


def _write(
    run: RemediationRun, approver: Approver, digest: str, verdict: Verdict, note: str, via: str
) -> None:
    RunApproval.objects.create(
        workspace_id=run.workspace_id, run=run, approver_id=approver.user_id, verdict=verdict,
        digest=digest, is_on_call=approver.is_on_call, note=note[:2000], via=via[:10],
    )  # fmt: skip


def _advance(actor: Actor, run: RemediationRun, note: str) -> None:
    if still_missing(run):
        return
    move(actor, run, RunState.APPROVED, reason=note)
    transaction.on_commit(lambda: nudge(RUN_DUE, ACTIONS.name))


def _conflict(run: RemediationRun) -> Conflict:
    state = run.get_state_display().lower()
    return Conflict(
        f"This run is {state} and does not await approval. Nothing was changed.", extra={"state": run.state}
    )
