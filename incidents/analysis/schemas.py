"""The analysis of an incident as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from incidents.vocabulary import Category, Severity


class AdviceOut(Schema):
    """A recommended action."""

    text: str
    slug: str = Field(description="The remediation action that does it; empty: a person does.")


class AnalysisOut(Schema):
    """The analysis, its evidence and its author."""

    revision: int
    author: str = Field(description="`offline`: built-in rules; `llm`: a language model.")
    author_name: str
    category: Category = Field(description="`unknown` is a result: the events name no cause.")
    severity: Severity = Field(description="A suggestion; the incident's severity stays what it is.")
    severity_reason: str
    summary: str
    recommended_actions: list[AdviceOut]
    evidence: list[dict[str, Any]] = Field(description="The rules that chose the category, with the lines.")
    cause: dict[str, Any] = Field(description="What is known of the root cause.")
    event_count: int
    rules_digest: str
    sent_text: str = Field(
        description="What a language model was sent, word for word; empty: built-in rules wrote it."
    )
    created_at: datetime


class SimilarOut(Schema):
    """A similar past incident."""

    incident: str = Field(description="`INC-42`")
    title: str
    status: str
    reason: str
    shared_templates: int
    resolution: str = Field(description="What resolved it; empty where nothing was written.")
