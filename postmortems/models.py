"""Every model of the app, gathered where Django looks for them."""

from __future__ import annotations

from postmortems.action_items.models import ActionItem, ActionItemCounter
from postmortems.documents.models import Comment, Postmortem, Revision, Section, SectionDraft, SectionText
from postmortems.drafting.models import DraftRequest
from postmortems.learning.models import FactorNode, FiveWhys, Lesson
from postmortems.review.models import Approval, Waiver
from postmortems.template_library.models import PostmortemTemplate, TemplateSection

__all__ = [
    "ActionItem",
    "ActionItemCounter",
    "Approval",
    "Comment",
    "DraftRequest",
    "FactorNode",
    "FiveWhys",
    "Lesson",
    "Postmortem",
    "PostmortemTemplate",
    "Revision",
    "Section",
    "SectionDraft",
    "SectionText",
    "TemplateSection",
    "Waiver",
]
