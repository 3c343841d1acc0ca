"""Schemas of the postmortem template API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import Field

from incidents.timeline.schemas import Body
from postmortems.documents.texts import MAX_SECTION_CHARS

Text = Annotated[str, Field(max_length=MAX_SECTION_CHARS)]


class PostmortemTemplateSectionIn(Body):
    """One section."""

    key: Annotated[str, Field(min_length=1, max_length=60)]
    title: Annotated[str, Field(min_length=1, max_length=120)]
    style: Annotated[str, Field(max_length=10)] = Field(
        "subsection", description="`chapter`, `subsection` or `field`."
    )
    help_text: Annotated[str, Field(max_length=300)] = Field(
        "", description="The question asked if facts are missing."
    )
    starter: Text = Field("", description="Markdown with placeholders such as `{{ timeline }}`.")
    has_text: bool = True
    is_required: bool = False
    audience: Annotated[str, Field(max_length=8)] = Field("internal", description="`all` or `internal`.")


class PostmortemTemplateIn(Body):
    """A new template: with `sections`, or a copy of `copy_of`."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    copy_of: Annotated[str, Field(max_length=60)] = Field("", description="The slug of a template.")
    header: Text = ""
    footer: Text = ""
    has_dividers: bool = True
    is_strict: bool = Field(False, description="Whether any change of text voids every approval.")
    sections: Annotated[list[PostmortemTemplateSectionIn], Field(max_length=80)] = []


class PostmortemTemplatePatch(Body):
    """A change; omitted fields stay as they are. `sections` replaces all sections."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    header: Text | None = None
    footer: Text | None = None
    has_dividers: bool | None = None
    is_strict: bool | None = None
    is_default: bool | None = Field(None, description="True makes it the default.")
    is_archived: bool | None = Field(None, description="Whether it is archived.")
    sections: Annotated[list[PostmortemTemplateSectionIn], Field(max_length=80)] | None = None
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class PostmortemTemplateRow(Schema):
    """A template in a list. Its id is its slug."""

    id: str
    name: str
    kind: str
    is_default: bool
    is_strict: bool
    is_archived: bool
    version: int
    created_at: datetime


class PostmortemTemplateSectionOut(Schema):
    """One section of a template."""

    key: str
    title: str
    style: str
    help_text: str
    starter: str
    has_text: bool
    is_required: bool
    audience: str


class PostmortemTemplateOut(PostmortemTemplateRow):
    """A template with its sections."""

    header: str
    footer: str
    has_dividers: bool
    sections: list[PostmortemTemplateSectionOut]
