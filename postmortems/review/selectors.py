"""Reads the state of a review."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.actor import Actor
from accounts.models import Role
from accounts.permissions import Capability, allowed
from postmortems.action_items.models import ActionItem
from postmortems.documents.models import Postmortem, Revision, Status
from postmortems.documents.selectors import sections_of
from postmortems.learning.selectors import factor_nodes_of
from postmortems.review.completeness import Completeness, completeness
from postmortems.review.models import ApprovalRole, Waiver
from postmortems.review.signatures import Signature, signatures_of


@dataclass(frozen=True)
class Review:
    """State of a review, for the page and the services."""

    signatures: list[Signature]
    waivers: list[Waiver]
    complete: Completeness


def review_of(postmortem: Postmortem) -> Review:
    """Signatures, waivers and what is missing."""
    waivers = list(Waiver.objects.of(postmortem.workspace_id).filter(postmortem=postmortem).order_by("id"))
    items = ActionItem.objects.of(postmortem.workspace_id).filter(incident_id=postmortem.incident_id)
    signatures = signatures_of(postmortem)
    complete = completeness(
        postmortem.incident.reference,
        sections_of(postmortem),
        factor_nodes_of(postmortem.incident),
        list(items.order_by("number")),
        signatures,
        frozenset(one.subject for one in waivers),
    )
    return Review(signatures, waivers, complete)


def may_sign(actor: Actor, postmortem: Postmortem, role: ApprovalRole, signatures: list[Signature]) -> str:
    """Why the actor may not sign as `role`, or ""."""
    if actor.user_id is None:
        return "Only a person may sign, not a token"
    if role != ApprovalRole.MANAGER:
        holder = next(one for one in signatures if one.role == role)
        if holder.holder_id != actor.user_id:
            who = holder.holder or "no one"
            return f"Only the current or last holder of the role may sign as {role.label}: {who}"
        if _signed_as_manager(actor, signatures):
            return "You signed as manager already; another person must sign this"
        return ""
    if actor.role not in (Role.MANAGER, Role.ADMIN):
        return "Signing as manager needs the role manager or higher"
    if newest_author(postmortem) == actor.user_id:
        return "You wrote the latest revision; another manager must sign"
    if any(
        one.is_signed and one.approval and one.approval.user_id == actor.user_id
        for one in signatures
        if one.role != ApprovalRole.MANAGER
    ):
        return "You signed for another role already; another manager must sign"
    return ""


def newest_author(postmortem: Postmortem) -> int | None:
    """The person who wrote the latest revision, or None."""
    rows = Revision.objects.of(postmortem.workspace_id).filter(postmortem=postmortem)
    written = rows.exclude(reason__in=(Revision.Reason.FACTS, Revision.Reason.PUBLISH))
    found: int | None = written.order_by("-number").values_list("author_id", flat=True).first()
    return found


def verbs_for(actor: Actor, postmortem: Postmortem) -> list[str]:
    """State changes available to the actor."""
    may_write = allowed(actor, Capability.POSTMORTEMS_WRITE)
    may_publish = allowed(actor, Capability.POSTMORTEMS_PUBLISH)
    verbs = {
        Status.DRAFT: [("request-review", may_write)],
        Status.IN_REVIEW: [("publish", may_publish), ("withdraw", may_write)],
        Status.PUBLISHED: [("amend", may_write)],
    }
    return [verb for verb, may in verbs[Status(postmortem.status)] if may]


def _signed_as_manager(actor: Actor, signatures: list[Signature]) -> bool:
    manager = next(one for one in signatures if one.role == ApprovalRole.MANAGER)
    return manager.is_signed and manager.approval is not None and manager.approval.user_id == actor.user_id
