"""Review and publishing of a postmortem."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.models import Membership, Role, Scope
from accounts.permissions import Capability, require, require_scope
from core.errors import Conflict, FieldFault, Forbidden, Invalid
from core.outbox.events import DomainEvent, publish_all
from incidents.roles.services import member_of
from incidents.timeline.services.timeline_entries import entry
from incidents.validation import clean_line, clean_text, invalid
from incidents.vocabulary import EntryKind
from postmortems.documents.models import Postmortem, Status
from postmortems.documents.revisions import ids_of
from postmortems.documents.selectors import section_of
from postmortems.documents.services import lock_postmortem
from postmortems.events import PostmortemChanged, PostmortemPublished, PostmortemReviewRequested
from postmortems.review.completeness import Missing
from postmortems.review.models import Approval, ApprovalRole, Waiver
from postmortems.review.selectors import may_sign, review_of
from postmortems.review.signatures import Signature

MIN_REASON_CHARS: Final = 10


class Incomplete(Invalid):
    """422: something is missing; `extra["missing"]` lists what and where."""

    code: ClassVar[str] = "incomplete"
    title: ClassVar[str] = "Something is missing"


def request_review(actor: Actor, reference: int | str, *, version: int | None = None) -> Postmortem:
    """Request approval of the three roles. Raises Incomplete, Conflict, NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    with transaction.atomic():
        postmortem = _locked(actor, reference, version, Status.DRAFT, "only a draft can be reviewed")
        review = review_of(postmortem)
        _refuse_missing(review.complete.for_review, "Answer or waive these before the review")
        postmortem.status = Status.IN_REVIEW
        reviewers = tuple(_reviewer_ids(postmortem, review.signatures))
        event = PostmortemReviewRequested(*ids_of(postmortem), reviewer_ids=reviewers, by=actor.label)
        _move(actor, postmortem, "request_review", "asked for a review of", "Review requested.", [event])
    return postmortem


def withdraw(actor: Actor, reference: int | str, *, version: int | None = None) -> Postmortem:
    """Withdraw from review to draft. Raises Conflict, NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    with transaction.atomic():
        postmortem = _locked(actor, reference, version, Status.IN_REVIEW, "it is not in review")
        postmortem.status = Status.DRAFT
        _move(
            actor,
            postmortem,
            "withdraw",
            "withdrew from review",
            "Withdrawn from review.",
            _changed(actor, postmortem),
        )
    return postmortem


def decide(
    actor: Actor,
    reference: int | str,
    *,
    role: str,
    decision: str,
    note: str = "",
    revision: int | None = None,
) -> Approval:
    """Approve the latest revision as `role`, or request changes, which returns it to draft.

    `revision`: the one that was read; refused if there is a newer one. Raises Forbidden, Conflict, Invalid,
    NotFound.
    """
    require(actor, Capability.POSTMORTEMS_READ)
    require_scope(actor, Scope.INCIDENTS_WRITE)
    with transaction.atomic():
        found = lock_postmortem(actor, reference)
        wanted, verdict = _parse(ApprovalRole, "role", role), _parse(Approval.Decision, "decision", decision)
        text = clean_text("note", note)
        postmortem = _in_state(found, None, Status.IN_REVIEW, "it is not in review")
        if revision is not None and revision != postmortem.revision:
            raise Conflict(
                f"The text has changed since you read revision {revision}: it is at {postmortem.revision}."
            )
        signatures = review_of(postmortem).signatures
        if why := may_sign(actor, postmortem, ApprovalRole(wanted), signatures):
            raise Forbidden(f"{why}. Nothing was signed.")
        approval, _ = Approval.objects.of(actor.workspace_id).update_or_create(
            postmortem=postmortem,
            role=wanted,
            revision=postmortem.revision,
            defaults=_decision(actor, verdict, text),
            create_defaults={
                "workspace_id": actor.workspace_id, "postmortem": postmortem, "role": wanted,
                "revision": postmortem.revision, **_decision(actor, verdict, text),
            },
        )  # fmt: skip
        if verdict == Approval.Decision.CHANGES_REQUESTED:
            postmortem.status = Status.DRAFT
        words = f"{approval.get_decision_display()} as {ApprovalRole(wanted).label}."
        summary = f"{verdict.replace('_', ' ')} as {wanted}:"
        _move(actor, postmortem, "decide", summary, words, _changed(actor, postmortem))
    made: Approval = approval
    return made


def _decision(actor: Actor, verdict: str, note: str) -> dict[str, Any]:
    return {
        "decision": verdict,
        "note": note,
        "user_id": actor.user_id,
        "user_label": actor.label[:150],
        "at": timezone.now(),
        "voided_at": None,
        "voided_by_revision": None,
    }


def waive(actor: Actor, reference: int | str, *, subject: str, reason: str) -> Waiver:
    """Waive a question, a signature or an action item, with a reason of at least 10 letters.

    Signatures need the right to publish. Raises Invalid, NotFound, Forbidden.
    """
    is_role = subject.startswith("role:")
    require(actor, Capability.POSTMORTEMS_PUBLISH if is_role else Capability.POSTMORTEMS_WRITE)
    words = clean_line("reason", reason, 500)
    if len(words) < MIN_REASON_CHARS:
        raise invalid("reason", "min_length", f"must have at least {MIN_REASON_CHARS} characters")
    with transaction.atomic():
        postmortem = lock_postmortem(actor, reference)
        _refuse_unknown_subject(postmortem, subject)
        rows = Waiver.objects.of(actor.workspace_id)
        made: Waiver
        made, _ = rows.update_or_create(
            postmortem=postmortem,
            subject=subject,
            defaults={"reason": words, "user_id": actor.user_id, "user_label": actor.label[:150]},
            create_defaults={
                "workspace_id": actor.workspace_id, "postmortem": postmortem, "subject": subject,
                "reason": words, "user_id": actor.user_id, "user_label": actor.label[:150],
            },
        )  # fmt: skip
        _audit(actor, postmortem, "waive", f"waived {subject} for")
        publish_all(_changed(actor, postmortem))
    return made


def unwaive(actor: Actor, reference: int | str, *, subject: str) -> None:
    """Remove a waiver. Idempotent. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_WRITE)
    with transaction.atomic():
        postmortem = lock_postmortem(actor, reference)
        Waiver.objects.of(actor.workspace_id).filter(postmortem=postmortem, subject=subject).delete()
        _audit(actor, postmortem, "unwaive", f"removed the waiver of {subject} for")
        publish_all(_changed(actor, postmortem))


def publish_postmortem(actor: Actor, reference: int | str, *, version: int | None = None) -> Postmortem:
    """Publish the latest revision. Raises Incomplete, Conflict, Forbidden."""
    require(actor, Capability.POSTMORTEMS_PUBLISH)
    with transaction.atomic():
        postmortem = _locked(actor, reference, version, Status.IN_REVIEW, "it is not in review")
        _refuse_missing(review_of(postmortem).complete.for_publishing, "It cannot be published yet")
        now = timezone.now()
        postmortem.status = Status.PUBLISHED
        postmortem.published_at, postmortem.published_revision = now, postmortem.revision
        postmortem.first_published_at = postmortem.first_published_at or now
        postmortem.published_title = postmortem.title
        postmortem.reopened_at = None
        event = PostmortemPublished(*ids_of(postmortem), revision=postmortem.revision, by=actor.label)
        _move(actor, postmortem, "publish", "published", "Postmortem published.", [event])
    return postmortem


def amend(actor: Actor, reference: int | str, *, version: int | None = None) -> Postmortem:
    """Reopen a published one for changes; readers see the published revision until the next one.

    Raises Conflict, NotFound, Forbidden.
    """
    require(actor, Capability.POSTMORTEMS_WRITE)
    with transaction.atomic():
        postmortem = _locked(
            actor, reference, version, Status.PUBLISHED, "only a published postmortem can be amended"
        )
        postmortem.status = Status.DRAFT
        _move(
            actor,
            postmortem,
            "amend",
            "opened an amendment of",
            "Amendment started.",
            _changed(actor, postmortem),
        )
    return postmortem


def set_details(actor: Actor, reference: int | str, **fields: Any) -> Postmortem:
    """Change title, owner (a user name), due date, meeting and public link.

    `public_link` needs the right to publish. Raises Invalid, NotFound, Forbidden.
    """
    require(
        actor, Capability.POSTMORTEMS_PUBLISH if "public_link" in fields else Capability.POSTMORTEMS_WRITE
    )
    with transaction.atomic():
        postmortem = lock_postmortem(actor, reference)
        before = _meeting(postmortem)
        for name, value in fields.items():
            _set(actor, postmortem, name, value)
        if _meeting(postmortem) != before:
            postmortem.meeting_sequence += 1
            postmortem.meeting_was_at = before[0]
        postmortem.updated_at = timezone.now()
        postmortem.version += 1
        postmortem.save()
        _audit(actor, postmortem, "edit", f"changed {', '.join(sorted(fields))} of")
        publish_all(_changed(actor, postmortem))
    return postmortem


def _meeting(postmortem: Postmortem) -> tuple[datetime | None, int, str]:
    return postmortem.meeting_at, postmortem.meeting_minutes, postmortem.meeting_zone


def _set(actor: Actor, postmortem: Postmortem, name: str, value: Any) -> None:
    if name == "title":
        postmortem.title = clean_line("title", value, 200)
    elif name == "owner":
        postmortem.owner = member_of(actor.workspace_id, value or None, None)
    elif name in ("due_at", "meeting_at"):
        setattr(postmortem, name, _aware(name, value))
    elif name == "meeting_minutes":
        if not 5 <= int(value) <= 480:
            raise invalid(name, "range", "must be 5 to 480 minutes")
        postmortem.meeting_minutes = int(value)
    elif name == "meeting_zone":
        postmortem.meeting_zone = _zone(value)
    elif name == "public_link":
        postmortem.public_link = bool(value)
        if value and not postmortem.public_key:
            postmortem.public_key = secrets.token_urlsafe(24)
    else:
        raise TypeError(f"a postmortem has no setting {name}")


def _aware(name: str, value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise invalid(name, "timezone", "must have a time zone")
    return value


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (KeyError, ValueError, OSError) as error:
        raise invalid("meeting_zone", "choice", "must be a time zone such as Europe/Berlin") from error


def _locked(actor: Actor, reference: int | str, version: int | None, status: Status, why: str) -> Postmortem:
    return _in_state(lock_postmortem(actor, reference), version, status, why)


def _in_state(postmortem: Postmortem, version: int | None, status: Status, why: str) -> Postmortem:
    current = {"version": postmortem.version, "status": postmortem.status}
    if version is not None and version != postmortem.version:
        raise Conflict(
            f"The postmortem has changed since you read it: it is {postmortem.get_status_display().lower()}, "
            f"at version {postmortem.version}. Nothing was changed.",
            extra={"current": current},
        )
    if postmortem.status != status:
        state = postmortem.get_status_display().lower()
        raise Conflict(f"The postmortem is {state}: {why}. Nothing was changed.", extra={"current": current})
    return postmortem


def _move(
    actor: Actor, postmortem: Postmortem, action: str, done: str, line: str, events: Sequence[DomainEvent]
) -> None:
    postmortem.version += 1
    postmortem.updated_at = timezone.now()
    postmortem.save()
    made = entry(actor, postmortem.incident, EntryKind.POSTMORTEM, line, at=timezone.now())
    made.save(force_insert=True)
    _audit(actor, postmortem, action, done)
    publish_all(events)


def _audit(actor: Actor, postmortem: Postmortem, action: str, done: str) -> None:
    summary = f"{actor.label} {done} the postmortem of {postmortem.incident.reference}"
    record(actor, action=f"postmortem.{action}", target=postmortem, summary=summary)


def _changed(actor: Actor, postmortem: Postmortem) -> list[DomainEvent]:
    return [PostmortemChanged(*ids_of(postmortem), by=actor.label)]


def _refuse_missing(missing: Sequence[Missing], why: str) -> None:
    if not missing:
        return
    faults = [FieldFault(one.subject, "missing", one.words) for one in missing]
    listed = [{"what": one.words, "path": one.path, "subject": one.subject} for one in missing]
    raise Incomplete(
        f"{why}: {len(missing)} missing. Nothing was changed.", faults=faults, extra={"missing": listed}
    )


def _refuse_unknown_subject(postmortem: Postmortem, subject: str) -> None:
    kind, _, name = subject.partition(":")
    if kind == "section":
        section_of(postmortem, name)
    elif kind == "role" and name in ApprovalRole.values:
        return
    elif not (kind == "item" and name.isdecimal() and len(name) < 10):
        raise invalid("subject", "choice", "must be section:<key>, role:<role> or item:<number>")


def _reviewer_ids(postmortem: Postmortem, signatures: Sequence[Signature]) -> list[int]:
    """Ids of role holders and managers."""
    holders = [one.holder_id for one in signatures if one.holder_id]
    rows = Membership.objects.of(postmortem.workspace_id).filter(role=Role.MANAGER, user__is_active=True)
    return sorted({*holders, *rows.values_list("user_id", flat=True)[:20]})


def _parse(choices: Any, field: str, word: str) -> str:
    found = word.strip().lower().replace("-", "_").replace(" ", "_")
    if found not in choices.values:
        raise invalid(field, "choice", f"must be one of {', '.join(choices.values)}")
    return found
