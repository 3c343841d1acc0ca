"""Writes revisions with the texts of sections, and voids approvals of changed texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.actor import Actor
from core.outbox.events import publish
from postmortems.documents.models import Postmortem, Revision, Section, SectionText
from postmortems.documents.texts import text_hash
from postmortems.events import PostmortemChanged
from postmortems.review.models import Approval


@dataclass(frozen=True)
class NewText:
    """A text to store in a section. `is_fact`: drafted from facts, not written by a person."""

    section: Section
    text: str
    base_version: int | None = None
    client_id: str = ""
    is_fact: bool = False


def write_texts(
    actor: Actor, postmortem: Postmortem, reason: Revision.Reason, texts: Sequence[NewText]
) -> Revision:
    """Store texts as the next revision of a locked postmortem, in the caller's transaction."""
    now = timezone.now()
    postmortem.revision += 1
    postmortem.updated_at = now
    postmortem.save(update_fields=["revision", "updated_at"])
    revision: Revision = Revision.objects.create(
        workspace_id=postmortem.workspace_id,
        postmortem=postmortem,
        number=postmortem.revision,
        at=now,
        author_id=actor.user_id,
        author_label=actor.label[:150],
        reason=reason,
        changed={one.section.key: [one.section.version, one.section.version + 1] for one in texts},
    )
    SectionText.objects.bulk_create([_stored(one, revision) for one in texts])
    _void_approvals(postmortem, [one.section for one in texts], now)
    publish(
        PostmortemChanged(
            *ids_of(postmortem), sections=tuple(one.section.key for one in texts), by=actor.label
        )
    )
    return revision


def ids_of(postmortem: Postmortem) -> tuple[int, int, int, int, str, str]:
    """Common fields of postmortem events."""
    incident = postmortem.incident
    return (
        postmortem.workspace_id, postmortem.pk, incident.pk, incident.number, postmortem.title,
        postmortem.status,
    )  # fmt: skip


def _stored(new: NewText, revision: Revision) -> SectionText:
    section = new.section
    section.version += 1
    section.text = new.text
    section.is_question = not new.text and bool(section.prompt)
    fields = ["version", "text", "is_question"]
    if new.is_fact:
        section.facts_hash = text_hash(new.text)
        fields.append("facts_hash")
    section.save(update_fields=fields)
    return SectionText(
        workspace_id=section.workspace_id,
        section=section,
        version=section.version,
        text=new.text,
        revision=revision,
        base_version=new.base_version,
        client_id=new.client_id,
    )


def _void_approvals(postmortem: Postmortem, changed: Sequence[Section], now: datetime) -> None:
    """Void approvals, since they apply to the text that was signed."""
    if not postmortem.template.is_strict and not any(section.is_required for section in changed):
        return
    Approval.objects.of(postmortem.workspace_id).filter(
        postmortem=postmortem, voided_at=None, revision__lt=postmortem.revision
    ).update(voided_at=now, voided_by_revision=postmortem.revision)
