"""Finds members who can give a missing approval of a run."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import Membership, Role
from accounts.oncall.selectors import default_on_call
from incidents.privacy.selectors import people_who_see
from remediation.runs.models import RemediationRun, RunApproval
from remediation.runs.policy import Approver, refusal
from remediation.vocabulary import Risk, RunState

_MAY_APPROVE = (Role.RESPONDER, Role.MANAGER, Role.ADMIN)


def possible_approvers(run: RemediationRun) -> list[int]:
    """Ids of members whose approval would count and who have not approved yet; empty: no one can approve."""
    on_call = {user.pk for user in default_on_call(run.workspace_id, timezone.now())}
    given = set(
        RunApproval.objects.of(run.workspace_id).filter(run=run).values_list("approver_id", flat=True)
    )
    members = Membership.objects.of(run.workspace_id).filter(user__is_active=True, role__in=_MAY_APPROVE)
    people = [Approver(pk, Role(role), pk in on_call) for pk, role in members.values_list("user_id", "role")]
    fits = [one for one in people if one.user_id not in given and not _refused(run, one, bool(on_call))]
    if not _has_manager(run, fits):
        return []
    return sorted(one.user_id for one in fits)


def _refused(run: RemediationRun, approver: Approver, anyone_on_call: bool) -> str:
    return refusal(Risk(run.risk), approver, run.requested_by_id, anyone_on_call=anyone_on_call)


def _has_manager(run: RemediationRun, people: list[Approver]) -> bool:
    """Whether one of them is a manager, which high risk requires."""
    if run.risk != Risk.HIGH:
        return True
    given = RunApproval.objects.of(run.workspace_id).filter(run=run).values_list("approver_id", flat=True)
    managers = Membership.objects.of(run.workspace_id).filter(role__in=(Role.MANAGER, Role.ADMIN))
    approved = managers.filter(user_id__in=given).exists()
    return approved or any(one.role in (Role.MANAGER, Role.ADMIN) for one in people)


def approvers_to_notify(run: RemediationRun) -> list[int]:
    """Ids of people to notify: the requested approver, else all possible approvers who can see the incident.

    Being notified does not make an approval valid.
    """
    if run.state != RunState.AWAITING_APPROVAL:
        return []
    if run.requested_approver_id is not None:
        return [run.requested_approver_id]
    people = possible_approvers(run)
    if not run.incident.is_private:
        return people
    admins = Membership.objects.of(run.workspace_id).filter(role=Role.ADMIN).values_list("user_id", flat=True)
    seeing = {*admins, *people_who_see(run.workspace_id, run.incident_id).values_list("pk", flat=True)}
    return [pk for pk in people if pk in seeing]
