"""Context of the postmortem page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, allowed
from postmortems.action_items.selectors import items_of, today
from postmortems.documents.models import Comment, Postmortem, Section, SectionText, Status
from postmortems.documents.selectors import comments_of, last_saves, sections_of, texts_at
from postmortems.drafting.collect import collect
from postmortems.drafting.placeholders import fill, is_live
from postmortems.learning.selectors import lessons_page
from postmortems.review.models import ApprovalRole, Waiver
from postmortems.review.selectors import Review, may_sign, review_of, verbs_for


@dataclass
class ShownSection:
    """A section to render."""

    section: Section
    text: str
    is_live: bool = False
    waiver: Waiver | None = None
    comments: list[Comment] = field(default_factory=list)
    saved: SectionText | None = None

    @property
    def is_open(self) -> bool:
        """Whether its question is still open."""
        return self.section.has_text and not self.text and self.waiver is None


def page_context(actor: Actor, postmortem: Postmortem) -> dict[str, Any]:
    """Context of the page: document, review, action items and lessons."""
    review = review_of(postmortem)
    is_editable = postmortem.status != Status.PUBLISHED and postmortem.incident.merged_into_id is None
    may_write = allowed(actor, Capability.POSTMORTEMS_WRITE)
    return {
        "postmortem": postmortem,
        "incident": postmortem.incident,
        "sections": shown_sections(postmortem, review),
        "review": review,
        "signatures": [_signing(actor, postmortem, review, one) for one in review.signatures],
        "verbs": verbs_for(actor, postmortem),
        "may_write": may_write,
        "may_edit": may_write and is_editable,
        "may_publish": allowed(actor, Capability.POSTMORTEMS_PUBLISH),
        "items": items_of(actor, postmortem.incident),
        "lessons": lessons_page(actor, incident=postmortem.incident),
        "today": today(),
    }


def _signing(actor: Actor, postmortem: Postmortem, review: Review, one: Any) -> dict[str, Any]:
    in_review = postmortem.status == Status.IN_REVIEW
    why = may_sign(actor, postmortem, ApprovalRole(one.role), review.signatures)
    return {"one": one, "may_sign": in_review and not why and not one.is_signed, "why": why}


def shown_sections(
    postmortem: Postmortem, review: Review, *, revision: int | None = None
) -> list[ShownSection]:
    """Sections in order, current or at a revision, with live ones rendered."""
    comments: dict[str, list[Comment]] = defaultdict(list)
    for one in comments_of(postmortem):
        comments[one.section_key].append(one)
    waived = {one.subject: one for one in review.waivers}
    saved = last_saves(postmortem) if revision is None else {}
    old = texts_at(postmortem, revision) if revision is not None else {}
    facts = collect(postmortem.incident, postmortem)
    return [
        ShownSection(
            one,
            fill(one.starter, facts) if is_live(one.starter) else old.get(one.key, (0, one.text))[1],
            is_live(one.starter),
            waived.get(f"section:{one.key}"),
            comments[one.key],
            saved.get(one.pk),
        )
        for one in sections_of(postmortem)
    ]
