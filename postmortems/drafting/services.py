"""Drafts postmortems and updates their facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.services import record
from accounts.permissions import Capability, require
from core.errors import Conflict
from core.outbox.events import publish
from incidents.models import Incident, RoleAssignment, TimelineEntry
from incidents.selectors import incident_for
from incidents.timeline.services.timeline_entries import entry
from incidents.vocabulary import EntryKind
from postmortems.action_items.models import ActionItem
from postmortems.documents.models import Postmortem, Revision, Section, Status
from postmortems.documents.revisions import NewText, ids_of, write_texts
from postmortems.documents.selectors import sections_of
from postmortems.documents.texts import MAX_SECTION_CHARS, text_hash
from postmortems.drafting.collect import collect
from postmortems.drafting.facts import Facts
from postmortems.drafting.placeholders import ORIGINS, PLACEHOLDERS, draft_text, is_live, names_in
from postmortems.drafting.questions import question_for
from postmortems.events import PostmortemDrafted
from postmortems.learning.models import Lesson
from postmortems.review.services import set_details
from postmortems.template_library.models import TemplateSection
from postmortems.template_library.selectors import template_sections
from postmortems.template_library.services import template_for_draft


def draft_postmortem(
    actor: Actor, reference: int | str, *, template: str = "", title: str = ""
) -> Postmortem:
    """Draft the postmortem of an incident, or update the facts and the title of an existing one.

    Idempotent. An existing one keeps its template, since its sections have a history. Raises Conflict for
    another template than it has, for an incident merged into another or archived, Invalid (`title`),
    NotFound, Forbidden.
    """
    require(actor, Capability.POSTMORTEMS_WRITE)
    incident = incident_for(actor, reference)
    if incident.merged_into_id is not None:
        raise Conflict("This incident was merged. Draft the postmortem of the incident it was merged into.")
    chosen = template_for_draft(actor.workspace_id, incident.incident_type, template)
    with transaction.atomic():
        rows_of_incident = Incident.objects.of(actor.workspace_id).filter(pk=incident.pk)
        locked = rows_of_incident.select_for_update(no_key=True).get()
        rows = Postmortem.objects.of(actor.workspace_id).filter(incident_id=locked.pk)
        found: Postmortem | None = rows.select_related("incident", "template").first()
        if found is not None:
            return _update(actor, found, chosen.slug if template else "", title)
        if locked.archived_at is not None:
            raise Conflict(f"{locked.reference} is archived. Restore it first, then draft the postmortem.")
        return _write(actor, locked, chosen, title)


def _update(actor: Actor, found: Postmortem, template: str, title: str) -> Postmortem:
    if template and template != found.template.slug:
        reference = found.incident.reference
        raise Conflict(
            f"{reference} already has a postmortem, drafted from the template {found.template.name}. "
            "Another template cannot be applied to it. Nothing was changed."
        )
    _refresh(actor, found)
    if title and title != found.title:
        return set_details(actor, found.incident.number, title=title)
    return found


def refresh_facts(actor: Actor, incident_id: int) -> None:
    """Update sections that no person has edited, in the caller's transaction or its own."""
    with transaction.atomic():
        rows = Postmortem.objects.of(actor.workspace_id).filter(incident_id=incident_id)
        found: Postmortem | None = (
            rows.select_related("incident", "template").select_for_update(of=("self",)).first()
        )
        if found is not None:
            _refresh(actor, found)


def _write(actor: Actor, incident: Incident, template: Any, title: str) -> Postmortem:
    postmortem: Postmortem = Postmortem.objects.create(
        workspace_id=incident.workspace_id,
        incident=incident,
        template=template,
        title=(title or f"Postmortem: {incident.title}")[:200],
        owner_id=_commander_id(incident) or actor.user_id,
    )
    facts = collect(incident, postmortem)
    sections = [_section(postmortem, one, facts) for one in template_sections(template)]
    Section.objects.bulk_create(sections)
    write_texts(actor, postmortem, Revision.Reason.DRAFT, _new_texts(sections, facts))
    ActionItem.objects.of(incident.workspace_id).filter(incident=incident).update(postmortem=postmortem)
    Lesson.objects.of(incident.workspace_id).filter(incident=incident).update(postmortem=postmortem)
    _note(actor, incident, "Postmortem drafted.")
    summary = f"{actor.label} drafted the postmortem of {incident.reference}"
    record(actor, action="postmortem.draft", target=postmortem, summary=summary)
    publish(PostmortemDrafted(*ids_of(postmortem)))
    return postmortem


def _section(postmortem: Postmortem, template: TemplateSection, facts: Facts) -> Section:
    return Section(
        workspace_id=postmortem.workspace_id,
        postmortem=postmortem,
        key=template.key,
        title=template.title,
        style=template.style,
        has_text=template.has_text,
        position=template.position,
        prompt=question_for(template.key, template.help_text, facts) if template.help_text else "",
        starter=template.starter,
        is_required=template.is_required,
        audience=template.audience,
        version=0,
        sources=_sources(template.starter, facts),
    )


def _sources(starter: str, facts: Facts) -> list[dict[str, str]]:
    """Origins of the facts of a section, as links."""
    origins = {PLACEHOLDERS[name].origin: None for name in names_in(starter) if name in PLACEHOLDERS}
    found = [ORIGINS[origin] for origin in origins if origin]
    return [{"label": label, "path": path.replace("{ref}", facts.incident_id)} for label, path in found]


def _new_texts(sections: Sequence[Section], facts: Facts) -> list[NewText]:
    return [NewText(one, _text(one, facts), is_fact=True) for one in sections if _is_written(one)]


def _is_written(section: Section) -> bool:
    return section.has_text and not is_live(section.starter)


def _text(section: Section, facts: Facts) -> str:
    return draft_text(section.starter, facts)[:MAX_SECTION_CHARS]


def _refresh(actor: Actor, postmortem: Postmortem) -> None:
    """Update unedited sections while it is a draft or in review."""
    if postmortem.status == Status.PUBLISHED or postmortem.first_published_at is not None:
        return
    if postmortem.incident.archived_at is not None:
        return  # its timeline and events are archived
    facts = collect(postmortem.incident, postmortem)
    texts = [
        new
        for new in _new_texts(sections_of(postmortem), facts)
        if text_hash(new.section.text) == new.section.facts_hash and new.text != new.section.text
    ]
    if texts:
        write_texts(actor, postmortem, Revision.Reason.FACTS, texts)


def _commander_id(incident: Incident) -> int | None:
    rows = RoleAssignment.objects.of(incident.workspace_id).filter(incident=incident, role="commander")
    found: int | None = rows.order_by("-assigned_at").values_list("user_id", flat=True).first()
    return found


def _note(actor: Actor, incident: Incident, words: str) -> TimelineEntry:
    made = entry(actor, incident, EntryKind.POSTMORTEM, words, at=timezone.now())
    made.save(force_insert=True)
    return made
