"""API that explains an event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from detection.explain.report import event_report
from detection.sources.own_keys import masked

router = Router(tags=["Explain"])


class EventQuery(Schema):
    """Which event."""

    event_id: str = Field("", max_length=200, description="The event_id that its sender chose.")
    id: int | None = Field(None, ge=1, le=2**63 - 1, description="Its number in Tocsin.")


class RuleVerdictOut(Schema):
    """Result of one rule, in its current version, for the event."""

    rule_id: str
    name: str
    matched: bool = Field(description="Whether the event meets every condition.")
    reasons: list[str] = Field(description="Codes of the list of reasons.")
    text: str = Field(description="The reasons in words.")


class EventExplainOut(Schema):
    """One event, and how it was handled."""

    id: int
    event_id: str
    occurred_at: datetime
    received_at: datetime
    source: str
    event_type: str
    level: str
    message: str
    incident_number: int | None = Field(None, description="The incident that counts it.")
    on_repeat: str | None = Field(
        None, description="Reason for which the same event_id, sent again, is not stored; null without one."
    )
    rules: list[RuleVerdictOut] = Field(description="Every rule, the matching ones first.")


@router.get("/events", response=EventExplainOut, summary="Explain an event")
def explain_event(request: HttpRequest, query: Query[EventQuery]) -> dict[str, Any]:
    """Explain which rules an event matched or missed, from the stored event and the current rules."""
    known_only(request, ("event_id", "id"))
    actor = actor_in(request)
    report = event_report(actor, pk=query.id, event_id=query.event_id)
    event = report.event
    [(message,)] = masked(actor.workspace_id, [[event.message]])
    return {
        "id": event.pk,
        "event_id": event.event_id,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "source": event.source,
        "event_type": event.event_type,
        "level": event.get_level_display(),
        "message": message,
        "incident_number": report.incident.number if report.incident else None,
        "on_repeat": report.on_repeat.value if report.on_repeat else None,
        "rules": [
            {
                "rule_id": one.rule.rule_id, "name": one.rule.name, "matched": one.is_match,
                "reasons": [str(reason.value) for reason in one.reasons], "text": one.words,
            }
            for one in report.verdicts
        ],
    }  # fmt: skip
