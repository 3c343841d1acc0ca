"""Schemas of the postmortem API. Inputs accept aliases; outputs use canonical names."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

from ninja import Schema
from pydantic import AliasChoices, Field

from incidents.timeline.schemas import Body
from postmortems.documents.texts import MAX_SECTION_CHARS

Line = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=MAX_SECTION_CHARS)]
Name = Annotated[str, Field(max_length=200)]
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]


def _alias(*names: str) -> AliasChoices:
    return AliasChoices(*names)


_ASSIGNEE: Final = _alias("assignee", "assignedTo", "assigned_to", "owner", "assigneeId", "assignee_id")


class MomentIn(Body):
    """One line of a timeline."""

    time: Annotated[str, Field(max_length=60)]
    event: Annotated[str, Field(min_length=1, max_length=1000)]


class PostmortemIn(Body):
    """A new postmortem. All fields are optional: omitted ones are drafted from the incident."""

    title: Annotated[str, Field(max_length=200)] = ""
    template: Annotated[str, Field(max_length=60)] = Field(
        "", description="`full`, `light`, `security` or a custom template."
    )
    summary: Text = ""
    what_happened: Text = Field("", validation_alias=_alias("what_happened", "whatHappened"))
    why_it_happened: Text = Field("", validation_alias=_alias("why_it_happened", "whyItHappened"))
    what_went_well: Text = Field("", validation_alias=_alias("what_went_well", "whatWentWell"))
    what_went_poorly: Text = Field("", validation_alias=_alias("what_went_poorly", "whatWentPoorly"))
    where_we_got_lucky: Text = Field("", validation_alias=_alias("where_we_got_lucky", "whereWeGotLucky"))
    impact: Text = Field("", validation_alias=_alias("impact", "impactAssessment", "impact_assessment"))
    timeline: Annotated[list[MomentIn], Field(max_length=500)] = []
    root_causes: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=5000)]], Field(max_length=50)
    ] = Field([], validation_alias=_alias("root_causes", "rootCauses"))
    lessons_learned: Annotated[list[LessonIn], Field(max_length=50)] = Field(
        [], validation_alias=_alias("lessons_learned", "lessonsLearned")
    )


class LessonIn(Body):
    """A lesson."""

    lesson: Annotated[str, Field(min_length=1, max_length=500)]
    priority: Annotated[str, Field(max_length=20)] = "medium"
    category: Annotated[str, Field(max_length=60)] = ""
    component: Name = ""


class DetailsIn(Body):
    """Settings of a postmortem; omitted fields stay as they are."""

    title: Line | None = None
    owner: Name | None = Field(None, description="A user name; null: no owner.")
    due_at: datetime | None = None
    meeting_at: datetime | None = None
    meeting_minutes: Annotated[int, Field(ge=5, le=480)] | None = None
    meeting_zone: Annotated[str, Field(max_length=64)] | None = None
    public_link: bool | None = Field(None, description="Whether the public link is enabled.")


class SectionIn(Body):
    """A text and its base version. `client_id` identifies this save, so that it can be retried."""

    text: str
    base_version: Version
    client_id: Annotated[str, Field(max_length=64)] = ""


class VersionIn(Body):
    """A status change; `version` is the one that was read."""

    version: Version | None = None


class DecisionIn(Body):
    """A signature."""

    role: Annotated[str, Field(max_length=20)] = Field(description="`commander`, `tech_lead` or `manager`.")
    decision: Annotated[str, Field(max_length=20)] = Field(
        "approved", description="`approved` or `changes_requested`."
    )
    note: Annotated[str, Field(max_length=5000)] = ""
    revision: Version | None = Field(
        None, description="The revision that was read; refused if there is a newer one."
    )


class WaiverIn(Body):
    """What to waive, and why."""

    subject: Annotated[str, Field(max_length=80)] = Field(
        description="`section:<key>`, `role:<role>`, `item:<number>`."
    )
    reason: Annotated[str, Field(max_length=500)]


class CommentIn(Body):
    """A comment on a section."""

    section_key: Annotated[str, Field(max_length=60)]
    body: Annotated[str, Field(min_length=1, max_length=5000)]
    quote: Annotated[str, Field(max_length=300)] = ""
    parent: int | None = None


class FiveWhysIn(Body):
    """Who leads the analysis."""

    facilitator: Name | None = Field(
        None, validation_alias=_alias("facilitator", "facilitatorId", "facilitator_id")
    )


class WhyIn(Body):
    """A why, below `parent` or below the last one."""

    question: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        validation_alias=_alias("question", "why")
    )
    answer: Annotated[str, Field(max_length=20_000)] = ""
    answered_by: Name | None = Field(None, validation_alias=_alias("answered_by", "answeredBy"))
    parent: int | None = None
    beside: bool = Field(False, description="Whether it starts a new branch.")


class WhyPatch(Body):
    """A change of a why."""

    question: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    answer: Annotated[str, Field(max_length=20_000)] | None = None
    answered_by: Name | None = Field(None, validation_alias=_alias("answered_by", "answeredBy"))
    is_root_cause: bool | None = None


class RootCauseIn(Body):
    """A root cause of the last why, or of `why`."""

    root_cause: Annotated[str, Field(min_length=1, max_length=20_000)] = Field(
        validation_alias=_alias("root_cause", "rootCause")
    )
    why: int | None = None


class FactorIn(Body):
    """A contributing factor."""

    factor: Annotated[str, Field(min_length=1, max_length=500)]
    answered_by: Name | None = Field(None, validation_alias=_alias("answered_by", "answeredBy"))


class ItemIn(Body):
    """A new action item."""

    title: Annotated[str, Field(max_length=200)] = Field(
        "", description="What to do; without it, the first line of the description."
    )
    incident_id: Annotated[str, Field(max_length=60)] = Field(
        "", validation_alias=_alias("incident_id", "incidentId", "postmortem_id", "postmortemId")
    )
    description: Annotated[str, Field(max_length=5000)] = ""
    assignee: Name | None = Field(None, validation_alias=_ASSIGNEE)
    status: Annotated[str, Field(max_length=20)] = "open"
    priority: Annotated[str, Field(max_length=20)] = "medium"
    kind: Annotated[str, Field(max_length=20)] = "prevent"
    due_date: date | datetime | None = Field(None, validation_alias=_alias("due_date", "dueDate"))
    outside_url: Annotated[str, Field(max_length=500)] = ""


class ItemPatch(Body):
    """A change of an action item; omitted fields stay as they are."""

    title: Line | None = None
    description: Annotated[str, Field(max_length=5000)] | None = None
    assignee: Name | None = Field(None, validation_alias=_ASSIGNEE)
    status: Annotated[str, Field(max_length=20)] | None = None
    priority: Annotated[str, Field(max_length=20)] | None = None
    kind: Annotated[str, Field(max_length=20)] | None = None
    due_date: date | datetime | None = Field(None, validation_alias=_alias("due_date", "dueDate"))
    cancelled_reason: Annotated[str, Field(max_length=500)] | None = None
    outside_url: Annotated[str, Field(max_length=500)] | None = None
    version: Version | None = None


class ItemStatusIn(Body):
    """The new status: `open`, `in_progress`, `done` (or `completed`), `cancelled`."""

    status: Annotated[str, Field(min_length=1, max_length=20)]
    version: Version | None = None


class PostmortemRow(Schema):
    """A postmortem in a list. Its id is the reference of its incident."""

    id: str
    incident_id: str
    title: str
    status: str
    severity: str
    owner: str | None
    revision: int
    version: int
    is_drill: bool
    created_at: datetime
    published_at: datetime | None


class MomentOut(Schema):
    """One line of the timeline in the document."""

    time: str
    event: str


class PostmortemOut(PostmortemRow):
    """A postmortem with its sections, review, lessons and action items."""

    template: str
    completed_at: datetime | None
    published_revision: int | None
    due_at: datetime | None
    meeting_at: datetime | None
    public_link: bool
    reopened_at: datetime | None
    updated_at: datetime
    summary: str
    what_happened: str
    why_it_happened: str
    what_went_well: str
    what_went_poorly: str
    where_we_got_lucky: str
    impact: str
    timeline: list[MomentOut]
    root_causes: list[str]
    sections: list[dict[str, Any]]
    lessons_learned: list[LessonOut]
    action_items: list[ActionItemOut]
    five_whys: FiveWhysOut | None
    completeness: int
    missing: list[dict[str, str]]
    approvals: list[dict[str, Any]]


class SavedOut(Schema):
    """The result of a save; `with` names who else changed the section."""

    version: int
    text: str
    merged: bool
    other: str = Field("", serialization_alias="with")
    changed: list[tuple[int, int]]


class RevisionOut(Schema):
    """One revision; `changed` maps sections to their version before and after."""

    number: int
    at: datetime
    author_label: str
    reason: str
    changed: dict[str, Any]


class CommentOut(Schema):
    """A comment."""

    id: int
    section_key: str
    quote: str
    body: str
    author_label: str
    parent_id: int | None
    created_at: datetime
    resolved_at: datetime | None


class WhyOut(Schema):
    """A why or a factor."""

    id: int
    parent: int | None
    kind: str
    question: str
    answer: str
    answered_by: str | None
    is_root_cause: bool


class FiveWhysOut(Schema):
    """Five whys. Its id is the reference of its incident."""

    id: str
    incident_id: str
    facilitator: str | None
    version: int
    whys: list[WhyOut]
    root_causes: list[str]
    contributing_factors: list[str]
    started_at: datetime
    finished_at: datetime | None


class LessonOut(Schema):
    """A lesson."""

    id: int
    incident_id: str
    lesson: str
    priority: str
    category: str
    component: str | None
    author: str
    created_at: datetime


class ActionItemOut(Schema):
    """An action item."""

    id: str
    number: int
    incident_id: str
    title: str
    description: str
    assignee: str | None
    status: str
    priority: str
    kind: str
    due_date: date | None
    completed_at: datetime | None
    cancelled_reason: str
    outside_url: str = ""
    outside_system: str = ""
    outside_state: str = ""
    reopened_reason: str = ""
    reopened_count: int = 0
    version: int
    created_at: datetime
    updated_at: datetime


PostmortemIn.model_rebuild()
PostmortemOut.model_rebuild()
