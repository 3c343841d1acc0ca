"""API of rule tests: request and response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ninja import Schema
from pydantic import Field

from accounts.actor import Actor
from core.errors import FieldFault, Invalid
from detection.rules.rule_test import Burst, RuleTestResult, SampleEvent
from detection.rules.sample_events import read_events, stored_events
from detection.rules.services.rule_test import run_draft_test, run_stored_test
from detection.schemas import EventIn

FIELDS: Final = frozenset({"rule", "rule_id", "events", "minutes"})
RULE_TEST_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "rule": {
                            "type": "object",
                            "description": "The fields of a draft, as for a new rule.",
                        },
                        "rule_id": {"type": "string", "description": "Instead of `rule`: one that exists."},
                        "events": {"type": "array", "items": EventIn.json_schema(), "maxItems": 1000},
                        "minutes": {"type": "integer", "minimum": 1, "maximum": 1440},
                    },
                },
                "example": {
                    "rule_id": "service_errors",
                    "events": [{"source": "my-service", "level": "ERROR", "message": "Something went wrong"}],
                },
            }
        },
    }
}


class BurstOut(Schema):
    """An incident that would have been opened, and what it would have counted."""

    title: str
    description: str
    severity: str
    group: str
    opened_at: datetime
    started_at: datetime
    in_window: int = Field(description="Events of the window that crossed the threshold.")
    counted: int = Field(description="Those and all later ones.")
    sources: list[str]


class QuietOut(Schema):
    """A group that matched and stayed below the threshold."""

    group: str
    matched: int


class RuleTestOut(Schema):
    """Result of a rule test. `is_cut`: more events were stored than tested."""

    events: int
    matched: int
    bursts: list[BurstOut]
    quiet: list[QuietOut]
    is_cut: bool


def read_rule_test(body: Any) -> Mapping[str, Any]:
    """Parse the body, with exactly one rule and one kind of events. Raises Invalid naming the field."""
    if not isinstance(body, dict):
        raise _refused("", "type", "must be an object")
    if odd := sorted(set(body) - FIELDS):
        raise _refused(odd[0][:100], "unknown", "is not a field of a rule test")
    if ("rule" in body) == ("rule_id" in body):
        raise _refused("rule", "choice", "send either rule or rule_id")
    if ("events" in body) == ("minutes" in body):
        raise _refused("events", "choice", "send either events or minutes")
    kinds = (("rule", dict), ("rule_id", str), ("minutes", int))
    for name, kind in kinds:
        if name in body and type(body[name]) is not kind:
            raise _refused(name, "type", f"must be {_A[kind]}")
    return body


_A: Final[dict[type, str]] = {dict: "an object", str: "a text", int: "a whole number"}


def rule_test_events(
    actor: Actor, body: Mapping[str, Any], *, now: datetime
) -> tuple[Sequence[SampleEvent], bool]:
    """Return the events of the test, and whether some were left out. Raises Forbidden, Invalid."""
    if "minutes" in body:
        return stored_events(actor, minutes=body["minutes"], now=now)
    return read_events(body["events"], now=now), False


def run_rule_test_json(
    actor: Actor, body: Mapping[str, Any], events: Sequence[SampleEvent]
) -> RuleTestResult:
    """Run the test. Raises Forbidden, NotFound, Invalid, DatabaseError."""
    if "rule_id" in body:
        return run_stored_test(actor, rule_id=body["rule_id"], events=events)
    return run_draft_test(actor, fields=body["rule"], events=events)


def rule_test_json(trial: RuleTestResult) -> dict[str, Any]:
    """Return a result as the API shows it."""
    return {
        "events": trial.events,
        "matched": trial.matched,
        "bursts": [_burst(burst) for burst in trial.bursts],
        "quiet": [{"group": one.group, "matched": one.matched} for one in trial.quiet],
    }


def _burst(burst: Burst) -> dict[str, Any]:
    shown = (
        "title", "description", "group", "opened_at", "started_at", "in_window", "counted",
    )  # fmt: skip
    values = {name: getattr(burst, name) for name in shown}
    return values | {"severity": burst.severity.value, "sources": list(burst.sources)}


def _refused(field: str, rule: str, message: str) -> Invalid:
    return Invalid("The rule was not tested.", faults=[FieldFault(field, rule, message)])
