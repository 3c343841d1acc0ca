"""Changes the text of a postmortem, merging concurrent edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict, FieldFault, Invalid, NotFound
from core.outbox.events import publish
from incidents.selectors import incident_for
from incidents.timeline.actor_keys import actor_key
from postmortems.documents.merge import Merged, merge_texts
from postmortems.documents.models import Postmortem, Revision, Section, SectionDraft, SectionText, Status
from postmortems.documents.revisions import NewText, ids_of, write_texts
from postmortems.documents.selectors import last_author, section_of, sections_of, text_of, texts_at
from postmortems.documents.texts import clean_section
from postmortems.drafting.placeholders import is_live
from postmortems.events import PostmortemMentioned
from postmortems.notices.mentions import mentioned


class BothChanged(Conflict):
    """409: two people changed the same lines; `extra` has the base, stored and sent text."""

    code: ClassVar[str] = "both_changed"
    title: ClassVar[str] = "Two people changed the same lines"


@dataclass(frozen=True)
class SaveResult:
    """Result of a save; `merged` if it includes another person's change."""

    version: int
    text: str
    merged: bool = False
    by_other: str = ""
    changed: tuple[tuple[int, int], ...] = ()


def lock_postmortem(actor: Actor, reference: int | str) -> Postmortem:
    """Lock and return the postmortem of an incident. Raises NotFound."""
    incident = incident_for(actor, reference)
    rows = Postmortem.objects.of(actor.workspace_id).filter(incident_id=incident.pk)
    found: Postmortem | None = (
        rows.select_related("incident", "template", "owner").select_for_update(of=("self",)).first()
    )
    if found is None:
        raise NotFound(f"{incident.reference} has no postmortem yet. Draft one first.")
    return found


def save_section(
    actor: Actor, reference: int | str, key: str, *, base_version: int, text: str, client_id: str = ""
) -> SaveResult:
    """Save the text of a section, merged with changes since `base_version`.

    Idempotent by `client_id`; another text with the same id is a change of what was saved with it. Raises
    BothChanged, with the text stored as the actor's draft; Invalid (fields `text`, `base_version`), Conflict
    while published, NotFound, Forbidden.
    """
    require(actor, Capability.POSTMORTEMS_WRITE)
    wanted = clean_section(text)
    with transaction.atomic():
        postmortem = lock_postmortem(actor, reference)
        section = section_of(postmortem, key)
        _refuse_uneditable(postmortem, section)
        result = _save(actor, postmortem, section, base_version, wanted, client_id[:64])
    if isinstance(result, SaveResult):
        return result
    raise _both_changed(section, base_version, wanted, result)


def _save(
    actor: Actor, postmortem: Postmortem, section: Section, base_version: int, text: str, client_id: str
) -> SaveResult | Merged:
    if client_id and (earlier := _stored_text(section, client_id)):
        if _is_repeat(section, earlier, text):
            return SaveResult(earlier.version, earlier.text, _is_merge(earlier))
        if not _is_merge(earlier):  # typed on after a save whose response was lost
            base_version = max(base_version, earlier.version)
    if text == section.text:
        _drop_draft(actor, section)
        return SaveResult(section.version, section.text)
    base = text_of(section, base_version)
    if base is None:
        message = f"must be a version of this section, at most {section.version}"
        raise Invalid(f"base_version {message}.", faults=[FieldFault("base_version", "range", message)])
    is_stale = base_version != section.version
    merged = merge_texts(base, section.text, text)
    if not merged.is_clean:
        _keep_draft(actor, section, base_version, text)
        return merged
    other = last_author(section) if is_stale else ""
    _drop_draft(actor, section)
    if merged.text != section.text:
        reason = Revision.Reason.MERGE if is_stale else Revision.Reason.EDIT
        before = section.text
        write_texts(actor, postmortem, reason, [NewText(section, merged.text, base_version, client_id)])
        _publish_mentions(actor, postmortem, section, before)
    return SaveResult(section.version, merged.text, is_stale, other, merged.changed if is_stale else ())


def _publish_mentions(actor: Actor, postmortem: Postmortem, section: Section, before: str) -> None:
    """Publish new mentions of people in the text."""
    people = tuple(pk for pk in mentioned(postmortem.incident, section.text, before) if pk != actor.user_id)
    if people:
        publish(
            PostmortemMentioned(*ids_of(postmortem), people=people, section_key=section.key, by=actor.label)
        )


def _stored_text(section: Section, client_id: str) -> SectionText | None:
    """The newest version that was saved with that id."""
    rows = SectionText.objects.of(section.workspace_id).filter(section=section, client_id=client_id)
    found: SectionText | None = rows.order_by("-version").first()
    return found


def _is_merge(saved: SectionText) -> bool:
    return saved.base_version is not None and saved.version != saved.base_version + 1


def _is_repeat(section: Section, saved: SectionText, text: str) -> bool:
    """Whether `text` is what was sent then, rather than another text under the same id."""
    if text == saved.text or not _is_merge(saved):
        return bool(text == saved.text)
    base, before = text_of(section, saved.base_version or 0), text_of(section, saved.version - 1)
    return base is not None and before is not None and merge_texts(base, before, text).text == saved.text


def _refuse_uneditable(postmortem: Postmortem, section: Section) -> None:
    refuse_read_only(postmortem)
    if not section.has_text or is_live(section.starter):
        message = "is generated by Tocsin and cannot be edited"
        raise Invalid(f"{section.title} {message}.", faults=[FieldFault("key", "generated", message)])


def refuse_read_only(postmortem: Postmortem) -> None:
    """Raise Conflict unless its text may be edited now."""
    if postmortem.status == Status.PUBLISHED:
        raise Conflict("This postmortem is published. Choose “Amend” to change it. Nothing was saved.")
    if postmortem.incident.merged_into_id is not None:
        raise Conflict("Its incident was merged into another one, so it is read-only. Nothing was stored.")


def _both_changed(section: Section, base_version: int, text: str, merged: Merged) -> BothChanged:
    hunks = [{"base": one.base, "theirs": one.theirs, "yours": one.yours} for one in merged.conflicts]
    extra: dict[str, Any] = {
        "base": text_of(section, base_version) or "",
        "theirs": section.text,
        "yours": text,
        "version": section.version,
        "by": last_author(section),
        "hunks": hunks,
    }
    detail = f"{extra['by']} changed the same lines of {section.title}. Yours are stored as your draft."
    return BothChanged(detail, extra=extra)


def _keep_draft(actor: Actor, section: Section, base_version: int, text: str) -> None:
    SectionDraft.objects.of(section.workspace_id).update_or_create(
        section=section,
        user_key=actor_key(actor)[:80],
        defaults={"base_version": base_version, "text": text, "saved_at": timezone.now()},
        create_defaults={
            "workspace_id": section.workspace_id,
            "section": section,
            "user_key": actor_key(actor)[:80],
            "base_version": base_version,
            "text": text,
        },
    )


def _drop_draft(actor: Actor, section: Section) -> None:
    """Delete the actor's draft, which is saved now."""
    rows = SectionDraft.objects.of(section.workspace_id)
    rows.filter(section=section, user_key=actor_key(actor)[:80]).delete()


def restore_revision(actor: Actor, reference: int | str, number: int) -> Revision | None:
    """Restore all sections of a revision as a new one. Returns None if nothing differs.

    Raises NotFound, Conflict while published, Forbidden.
    """
    require(actor, Capability.POSTMORTEMS_WRITE)
    with transaction.atomic():
        postmortem = lock_postmortem(actor, reference)
        refuse_read_only(postmortem)
        if not 1 <= number <= postmortem.revision:
            raise NotFound(f"This postmortem has no revision {number}.")
        old = texts_at(postmortem, number)
        texts = [
            NewText(section, old[section.key][1], section.version)
            for section in sections_of(postmortem)
            if section.key in old and old[section.key][1] != section.text
        ]
        if not texts:
            return None
        revision = write_texts(actor, postmortem, Revision.Reason.RESTORE, texts)
        summary = (
            f"{actor.label} restored revision {number} of the postmortem of {postmortem.incident.reference}"
        )
        record(actor, action="postmortem.restore", target=postmortem, summary=summary)
        return revision
