"""Exports a postmortem as Markdown and JSON, and as parts for HTML and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, require
from postmortems.action_items.models import ActionItem
from postmortems.action_items.rendering import item_json
from postmortems.documents.models import Postmortem, Status
from postmortems.documents.page import ShownSection, shown_sections
from postmortems.documents.selectors import postmortem_for
from postmortems.drafting.collect import collect
from postmortems.drafting.placeholders import fill
from postmortems.drafting.tables import table_rows
from postmortems.export.assembly import Part, assemble
from postmortems.learning.rendering import five_whys_json, lesson_json
from postmortems.learning.selectors import five_whys_of, lessons_page
from postmortems.review.selectors import Review, review_of
from postmortems.template_library.models import Audience


@dataclass(frozen=True)
class PostmortemExport:
    """A postmortem to export, with its parts."""

    postmortem: Postmortem
    header: str
    footer: str
    parts: tuple[Part, ...]
    open_questions: int

    def markdown(self) -> str:
        """The whole document."""
        return assemble(
            self.header, self.parts, self.footer, has_dividers=self.postmortem.template.has_dividers
        )


def export_of(actor: Actor, reference: int | str) -> PostmortemExport:
    """The current state of a postmortem, to export. Raises NotFound, Forbidden."""
    require(actor, Capability.POSTMORTEMS_READ)
    postmortem = postmortem_for(actor, reference)
    return build(postmortem, shown_sections(postmortem, review_of(postmortem)))


def build(
    postmortem: Postmortem, sections: Sequence[ShownSection], *, public: bool = False
) -> PostmortemExport:
    """Build the document of these sections; `public`: only sections for everyone."""
    facts = collect(postmortem.incident, postmortem)
    shown = [one for one in sections if not public or one.section.audience == Audience.ALL]
    parts = tuple(_part(one, is_draft=postmortem.status != Status.PUBLISHED and not public) for one in shown)
    count = sum(1 for one in shown if one.is_open and _is_question(one)) if not public else 0
    header = fill(postmortem.template.header, facts)
    if count and postmortem.status != Status.PUBLISHED:
        header += f"\n\n*Open questions: {count}*"
    footer = "" if public else fill(postmortem.template.footer, facts)
    return PostmortemExport(postmortem, header, footer, parts, count)


def _part(one: ShownSection, *, is_draft: bool) -> Part:
    section = one.section
    note = ""
    if one.waiver is not None and not one.text and section.is_required:
        note = f"*Not answered: {one.waiver.reason}*"
    elif is_draft and one.is_open and _is_question(one):
        note = "*Open question*"
    return Part(section.style, section.title, section.has_text, one.text, note)


def _is_question(one: ShownSection) -> bool:
    return one.section.is_question or one.section.is_required


def postmortem_json(actor: Actor, postmortem: Postmortem) -> dict[str, Any]:
    """A postmortem as JSON, for export and the API."""
    review = review_of(postmortem)
    sections = shown_sections(postmortem, review)
    text = {one.section.key: one.text for one in sections}
    items = ActionItem.objects.of(postmortem.workspace_id).filter(incident_id=postmortem.incident_id)
    analysis = five_whys_of(actor, postmortem.incident)
    five_whys = five_whys_json(postmortem.incident, analysis) if analysis else None
    return {
        **_state(postmortem),
        "template": postmortem.template.slug,
        "owner": postmortem.owner.username if postmortem.owner else None,
        "summary": text.get("executive_summary", text.get("summary", "")),
        "what_happened": text.get("what_happened", ""),
        "why_it_happened": text.get("why_it_happened", text.get("root_cause", "")),
        "what_went_well": text.get("went_well", ""),
        "what_went_poorly": text.get("could_improve", ""),
        "where_we_got_lucky": text.get("got_lucky", ""),
        "impact": text.get("business_impact", ""),
        "timeline": _timeline_json(text.get("timeline", "")),
        "root_causes": five_whys["root_causes"] if five_whys else [],
        "sections": [_section_json(one) for one in sections if one.section.has_text],
        "lessons_learned": [lesson_json(one) for one in lessons_page(actor, incident=postmortem.incident)],
        "action_items": [
            item_json(one) for one in items.select_related("incident", "assignee").order_by("number")
        ],
        "five_whys": five_whys,
        **_review_json(review),
    }


def _timeline_json(text: str) -> list[dict[str, str]]:
    """The rows of the timeline in the document: time and event."""
    return [{"time": row[0], "event": row[1]} for row in table_rows(text) if len(row) > 1]


def _state(postmortem: Postmortem) -> dict[str, Any]:
    names = (
        "title", "status", "revision", "version", "published_at", "published_revision", "due_at",
        "meeting_at", "public_link", "created_at", "updated_at", "reopened_at",
    )  # fmt: skip
    incident = postmortem.incident
    return {
        "id": incident.reference,
        "incident_id": incident.reference,
        "severity": incident.severity,
        "is_drill": incident.is_drill,
        "completed_at": postmortem.published_at,
        **{name: getattr(postmortem, name) for name in names},
    }


def _section_json(one: ShownSection) -> dict[str, Any]:
    section = one.section
    return {
        "key": section.key,
        "title": section.title,
        "text": one.text,
        "version": section.version,
        "is_question": one.is_open and section.is_question,
        "prompt": section.prompt,
        "is_required": section.is_required,
        "audience": section.audience,
        "sources": section.sources,
        "is_generated": one.is_live,
    }


def _review_json(review: Review) -> dict[str, Any]:
    missing = [
        {"what": one.words, "path": one.path, "subject": one.subject}
        for one in review.complete.for_publishing
    ]
    return {
        "completeness": review.complete.score,
        "missing": missing,
        "approvals": [
            {
                "role": one.role.value,
                "holder": one.holder or None,
                "state": one.state,
                "is_settled": one.is_settled,
                "revision": one.approval.revision if one.approval else None,
                "at": one.approval.at.astimezone(UTC) if one.approval else None,
                "by": one.approval.user_label if one.approval else None,
            }
            for one in review.signatures
        ],
    }
