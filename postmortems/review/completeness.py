"""Computes what is missing for review or publishing of a postmortem, and its completeness. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from postmortems.action_items.models import ActionItem
from postmortems.documents.models import Section
from postmortems.learning.models import FactorNode
from postmortems.review.signatures import Signature

WEIGHTS: Final = {"sections": 60, "causes": 10, "items": 15, "approvals": 15}


@dataclass(frozen=True)
class Missing:
    """A missing requirement, in words and with its address. `subject`: for a waiver of it."""

    words: str
    path: str
    subject: str = ""


@dataclass(frozen=True)
class Completeness:
    """Completeness from 0 to 100, and what is missing for review and for publishing."""

    score: int
    for_review: tuple[Missing, ...]
    for_publishing: tuple[Missing, ...]


def completeness(
    reference: str,
    sections: Sequence[Section],
    nodes: Sequence[FactorNode],
    items: Sequence[ActionItem],
    signatures: Sequence[Signature],
    waived: frozenset[str],
) -> Completeness:
    """Compute the completeness of a postmortem; `waived` are subjects that may be missing."""
    open_sections = [one for one in sections if is_open(one) and f"section:{one.key}" not in waived]
    required = [one for one in sections if one.has_text and one.is_required]
    unanswered = [one for one in open_sections if one.is_required]
    loose = [one for one in items if _is_incomplete(one) and f"item:{one.number}" not in waived]
    unsigned = [one for one in signatures if not one.is_settled]
    shares = {
        "sections": _share(len(required) - len(unanswered), len(required)),
        "causes": 1.0 if any(one.is_root_cause for one in nodes) else 0.5 if nodes else 0.0,
        "items": _share(len(items) - len(loose), len(items)) if items else 0.0,
        "approvals": _share(len(signatures) - len(unsigned), len(signatures)),
    }
    score = round(sum(WEIGHTS[name] * share for name, share in shares.items()))
    base = f"/postmortems/{reference}"
    questions = [_question(base, one) for one in open_sections]
    return Completeness(
        score,
        tuple(_question(base, one) for one in unanswered),
        (*questions, *map(_item, loose), *(_signature(base, one) for one in unsigned)),
    )


def is_open(section: Section) -> bool:
    """Whether a section still has an open question."""
    return section.has_text and not section.text and (section.is_question or section.is_required)


def _question(base: str, section: Section) -> Missing:
    words = f"{section.title}: {section.prompt or 'has no text'}"
    return Missing(words, f"{base}/sections/{section.key}", f"section:{section.key}")


def _item(item: ActionItem) -> Missing:
    lacks = [
        word for word, value in (("an owner", item.assignee_id), ("a due date", item.due_date)) if not value
    ]
    words = f"{item.reference} “{item.title}” needs {' and '.join(lacks)}"
    return Missing(words, f"/action-items/{item.reference}", f"item:{item.number}")


def _signature(base: str, one: Signature) -> Missing:
    who = f" by {one.holder}" if one.holder else ""
    return Missing(
        f"Approval as {one.role.label}{who}: {one.state.lower()}", f"{base}#review", f"role:{one.role}"
    )


def _is_incomplete(item: ActionItem) -> bool:
    return item.is_unfinished and (item.assignee_id is None or item.due_date is None)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
