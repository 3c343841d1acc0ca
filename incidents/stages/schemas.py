"""Request and response schemas of the API of stages and their templates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import Field

from incidents.timeline.schemas import Body
from incidents.vocabulary import Stage


class ChecklistItemOut(Schema):
    """One item of a checklist."""

    position: int
    text: str
    kind: str = Field(description="`action`, `check` or `exit` (an exit criterion).")
    is_required: bool
    criterion: str
    ticked_at: datetime | None
    ticked_by: str | None


class StageOut(Schema):
    """One stage of the response. Before it is entered, `items` are those of its template."""

    stage: Stage
    status: str = Field(description="`assessing`, `containing`, `investigating`, …")
    is_current: bool
    planned_minutes: list[int] = Field(description="From and to.")
    entered_at: datetime | None
    left_at: datetime | None
    skipped_at: datetime | None
    skip_reason: str
    items: list[ChecklistItemOut]
    output: dict[str, Any] | None = Field(description="Of assessment: the root cause as far as known.")


class TickIn(Body):
    """Whether the item is done."""

    ticked: bool = True


class TemplateItem(Schema):
    """One item of a template."""

    text: Annotated[str, Field(min_length=1, max_length=300)]
    kind: Literal["action", "check", "exit"] = "action"
    is_required: bool = False
    criterion: Annotated[str, Field(max_length=60)] = ""


class TemplateIn(Body):
    """Checklist and planned minutes of one stage."""

    from_minutes: Annotated[int, Field(ge=0, le=10_080)] = 0
    to_minutes: Annotated[int, Field(ge=0, le=10_080)] = 0
    items: Annotated[list[TemplateItem], Field(max_length=50)] = []


class TemplateOut(Schema):
    """Checklist and planned minutes of one stage."""

    stage: Stage
    from_minutes: int
    to_minutes: int
    items: list[TemplateItem]
