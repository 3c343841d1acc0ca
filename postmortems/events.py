"""Outbox events of postmortems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, LiteralString

from core.outbox.events import DomainEvent
from incidents.events import VIEWERS_BY_NUMBER


@dataclass(frozen=True)
class PostmortemEvent(DomainEvent):
    """Base of postmortem events."""

    snapshot_sql: ClassVar[LiteralString] = VIEWERS_BY_NUMBER
    postmortem_id: int
    incident_id: int
    number: int
    title: str
    status: str

    def live_topics(self) -> tuple[str, ...]:
        return ("postmortems", f"postmortem:{self.number}", f"incident:{self.number}")


@dataclass(frozen=True)
class PostmortemDrafted(PostmortemEvent):
    """A draft was written."""

    topic: ClassVar[str] = "postmortem.drafted"


@dataclass(frozen=True)
class PostmortemChanged(PostmortemEvent):
    """Text, a comment, an approval or a setting changed."""

    topic: ClassVar[str] = "postmortem.changed"
    sections: tuple[str, ...] = ()
    by: str = ""

    def live_topics(self) -> tuple[str, ...]:
        named = tuple(f"postmortem:{self.number}:section:{key}" for key in self.sections)
        return (*super().live_topics(), *named)


@dataclass(frozen=True)
class PostmortemCommented(PostmortemEvent):
    """Someone wrote a comment."""

    topic: ClassVar[str] = "postmortem.commented"
    comment_id: int = 0
    by: str = ""


@dataclass(frozen=True)
class PostmortemMentioned(PostmortemEvent):
    """People were mentioned in a section, or in a comment if `comment_id` is set."""

    topic: ClassVar[str] = "postmortem.mentioned"
    people: tuple[int, ...] = ()
    section_key: str = ""
    comment_id: int = 0
    by: str = ""


@dataclass(frozen=True)
class PostmortemReviewRequested(PostmortemEvent):
    """A review was requested."""

    topic: ClassVar[str] = "postmortem.review_requested"
    reviewer_ids: tuple[int, ...] = ()
    by: str = ""


@dataclass(frozen=True)
class PostmortemPublished(PostmortemEvent):
    """It was published; `revision` is what readers see."""

    topic: ClassVar[str] = "postmortem.published"
    revision: int = 0
    by: str = ""


@dataclass(frozen=True)
class ActionItemChanged(DomainEvent):
    """An action item was created or changed."""

    snapshot_sql: ClassVar[LiteralString] = VIEWERS_BY_NUMBER
    topic: ClassVar[str] = "action_item.changed"
    item_id: int
    item_number: int
    incident_id: int
    number: int
    status: str

    def live_topics(self) -> tuple[str, ...]:
        return ("action_items", f"incident:{self.number}", f"postmortem:{self.number}")
