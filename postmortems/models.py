"""Models of the app, imported for Django."""

from __future__ import annotations

from postmortems.action_items.models import ActionItem, ActionItemCounter
from postmortems.documents.models import Comment, Postmortem, Revision, Section, SectionDraft, SectionText
from postmortems.drafting.models import DraftRequest
from postmortems.fix_watch.models import FixWatch, Recurrence
from postmortems.learning.models import FactorNode, FiveWhys, Lesson
from postmortems.meetings.models import MeetingMail
from postmortems.reminders.models import OverdueDigest, Reminder
from postmortems.review.models import Approval, Waiver
from postmortems.template_library.models import PostmortemTemplate, TemplateSection
from postmortems.trackers.models import Tracker

__all__ = [
    "ActionItem",
    "ActionItemCounter",
    "Approval",
    "Comment",
    "DraftRequest",
    "FactorNode",
    "FiveWhys",
    "FixWatch",
    "Lesson",
    "MeetingMail",
    "OverdueDigest",
    "Postmortem",
    "PostmortemTemplate",
    "Recurrence",
    "Reminder",
    "Revision",
    "Section",
    "SectionDraft",
    "SectionText",
    "TemplateSection",
    "Tracker",
    "Waiver",
]
