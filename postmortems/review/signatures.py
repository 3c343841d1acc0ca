"""Signatures of a review: signers, decisions and validity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import NamedTuple

from incidents.models import Incident, RoleAssignment
from postmortems.documents.models import Postmortem
from postmortems.review.models import Approval, ApprovalRole, Waiver


class Holder(NamedTuple):
    """The current or last holder of a role."""

    label: str
    user_id: int | None


@dataclass(frozen=True)
class Signature:
    """The signature of a role: its holder, the latest decision, and the waiver.

    `is_vacant`: no one ever held the role, so no signature is required.
    """

    role: ApprovalRole
    holder: str = ""
    holder_id: int | None = None
    approval: Approval | None = None
    waiver: Waiver | None = None

    @property
    def is_vacant(self) -> bool:
        """Whether the role never had a holder."""
        return self.role != ApprovalRole.MANAGER and self.holder_id is None

    @property
    def is_signed(self) -> bool:
        """Whether there is a valid approval."""
        one = self.approval
        return one is not None and one.voided_at is None and one.decision == Approval.Decision.APPROVED

    @property
    def is_settled(self) -> bool:
        """Whether nothing is missing here."""
        return self.is_signed or self.waiver is not None or self.is_vacant

    @property
    def state(self) -> str:
        """State in words."""
        if self.is_signed and self.approval:
            return f"Approved revision {self.approval.revision}"
        if self.waiver:
            return f"Waived: {self.waiver.reason}"
        if self.is_vacant:
            return "Waived: the role had no holder"
        if self.approval and self.approval.voided_at:
            return f"Void: the text changed in revision {self.approval.voided_by_revision}"
        if self.approval:
            return f"Changes requested: {self.approval.note}" if self.approval.note else "Changes requested"
        return "Waiting"


def signatures_of(postmortem: Postmortem) -> list[Signature]:
    """The three roles in order."""
    holders, no_holder = _holders(postmortem.incident), Holder("", None)
    newest: dict[str, Approval] = {}
    rows = Approval.objects.of(postmortem.workspace_id).filter(postmortem=postmortem)
    for approval in rows.order_by("revision", "id"):
        newest[approval.role] = approval
    waived = {
        one.subject: one
        for one in Waiver.objects.of(postmortem.workspace_id).filter(
            postmortem=postmortem, subject__startswith="role:"
        )
    }
    return [
        Signature(role, one.label, one.user_id, newest.get(role.value), waived.get(f"role:{role}"))
        for role in ApprovalRole
        for one in (holders.get(role.value, no_holder),)
    ]


def signature_rows(incident: Incident, postmortem: Postmortem | None) -> list[tuple[str, str, str, str]]:
    """Role, name, signature and date for the approval table; blank if not signed."""
    if postmortem is None or postmortem.pk is None:
        return [(role.label, "", "", "") for role in ApprovalRole]
    return [_signed_row(one) for one in signatures_of(postmortem)]


def _signed_row(one: Signature) -> tuple[str, str, str, str]:
    if one.is_signed and one.approval:
        at = one.approval.at.astimezone(UTC)
        words = f"Approved revision {one.approval.revision}"
        return one.role.label, one.approval.user_label, words, f"{at:%Y-%m-%d}"
    if one.is_settled:
        return one.role.label, one.holder, one.state, ""
    return one.role.label, one.holder, "", ""


def _holders(incident: Incident) -> dict[str, Holder]:
    """Role -> its current or last holder."""
    rows = RoleAssignment.objects.of(incident.workspace_id).filter(incident=incident)
    ordered = rows.select_related("user").order_by("ended_at", "assigned_at")
    found: dict[str, Holder] = {}
    for one in sorted(ordered, key=lambda one: (one.ended_at is None, one.assigned_at)):
        found[one.role] = Holder(one.user.label, one.user_id)
    return found
