"""API of rules and events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router, Status

from accounts.actor import Actor
from accounts.permissions import Capability, require
from core.errors import FieldFault, Invalid
from core.http.strict_json import load
from detection.ingest.responses import accepted
from detection.ingest.services.accept_events import accept_events
from detection.rules.parsing import REQUIRED
from detection.rules.rule_test_api import (
    RULE_TEST_BODY,
    RuleTestOut,
    read_rule_test,
    rule_test_events,
    rule_test_json,
    run_rule_test_json,
)
from detection.rules.services.rules import (
    create_rule,
    delete_rule,
    disable_rule,
    enable_rule,
    reset_rule,
    update_rule,
)
from detection.schemas import EventIn, EventsOut, RuleOut
from detection.selectors import rule_for, rule_json, rules_of

router = Router(tags=["Rules"])
events_router = Router(tags=["Events"])
EVENT_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        EventIn.json_schema(),
                        {
                            "type": "object",
                            "properties": {"events": {"type": "array"}},
                            "required": ["events"],
                        },
                        {"type": "array", "minItems": 1, "maxItems": 1000},
                    ]
                },
                "example": {"source": "my-service", "level": "ERROR", "message": "Something went wrong"},
            }
        },
    }
}


def _rule_body(required: Sequence[str]) -> dict[str, Any]:
    """Declare the fields of a rule as a request body; `detection.rules.parsing` parses it with aliases."""
    fields = RuleOut.json_schema()["properties"]
    taken = {name: field for name, field in fields.items() if name != "is_builtin"}
    schema = {"type": "object", "properties": taken, "required": list(required)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = vars(request)["auth"]
    return actor


def _fields(request: HttpRequest) -> tuple[dict[str, Any], int | None]:
    """Return the body's fields, and the version it is based on, if given."""
    fields = load(request.body)
    if not isinstance(fields, dict):
        raise Invalid("The rule was not saved.", faults=[FieldFault("", "type", "must be an object")])
    version = fields.pop("version", None)
    if version is not None and type(version) is not int:
        raise Invalid("The rule was not saved.", faults=[FieldFault("version", "type", "must be a number")])
    return fields, version


@router.get("", response=list[RuleOut], summary="List the detection rules")
def list_rules(request: HttpRequest) -> Any:
    """List the rules of the workspace, by rule_id."""
    return [rule_json(rule) for rule in rules_of(_actor(request))]


@router.post("", response={201: RuleOut}, summary="Make a rule", openapi_extra=_rule_body(REQUIRED))
def make_rule(request: HttpRequest) -> Any:
    """Create a rule. Takes effect within a second.

    Accepts `id`, `type`, `threshold`, `time_window`, `check_interval` too. Without `event_types`,
    `message_pattern` and `minimum_level` it matches the event types of its incident type; level error where
    that has none.
    """
    return Status(201, rule_json(create_rule(_actor(request), fields=_fields(request)[0])))


@router.post("/test", response=RuleTestOut, summary="Try a rule", openapi_extra=RULE_TEST_BODY)
def try_rule(request: HttpRequest) -> Any:
    """Test which incidents a rule would have opened; nothing is stored, counted or notified.

    `rule`: the fields of a draft, or `rule_id` of an existing one. On `events` (as `/events` accepts them, of
    any age) or on events of the last `minutes` (1 to 1440; the newest 20,000).
    """
    actor, body = _actor(request), read_rule_test(load(request.body))
    require(actor, Capability.RULES_WRITE)
    events, is_cut = rule_test_events(actor, body, now=timezone.now())
    try:
        trial = run_rule_test_json(actor, body, events)
    except DatabaseError as error:
        raise Invalid("It took longer than five seconds. Send fewer events, or a shorter period.") from error
    return rule_test_json(trial) | {"is_cut": is_cut}


@router.get("/{rule_id}", response=RuleOut, summary="Show a rule")
def show_rule(request: HttpRequest, rule_id: str) -> Any:
    return rule_json(rule_for(_actor(request), rule_id))


@router.patch("/{rule_id}", response=RuleOut, summary="Change a rule", openapi_extra=_rule_body(()))
def change_rule(request: HttpRequest, rule_id: str) -> Any:
    """Change the given fields of a rule. With `version`, a stale one is refused."""
    fields, version = _fields(request)
    return rule_json(update_rule(_actor(request), rule_id=rule_id, fields=fields, version=version))


@router.delete("/{rule_id}", response={204: None}, summary="Delete a custom rule")
def remove_rule(request: HttpRequest, rule_id: str) -> Any:
    delete_rule(_actor(request), rule_id=rule_id)
    return Status(204, None)


@router.post("/{rule_id}/reset", response=RuleOut, summary="Reset a built-in rule")
def reset(request: HttpRequest, rule_id: str) -> Any:
    return rule_json(reset_rule(_actor(request), rule_id=rule_id))


@router.post("/{rule_id}/enable", response=RuleOut, summary="Enable a rule")
def switch_on(request: HttpRequest, rule_id: str) -> Any:
    return rule_json(enable_rule(_actor(request), rule_id=rule_id))


@router.post("/{rule_id}/disable", response=RuleOut, summary="Disable a rule")
def switch_off(request: HttpRequest, rule_id: str) -> Any:
    return rule_json(disable_rule(_actor(request), rule_id=rule_id))


@events_router.post(
    "", response={202: EventsOut, 422: EventsOut}, summary="Send events", openapi_extra=EVENT_BODY
)
def send_events(request: HttpRequest) -> Any:
    """Send one event, `{"events": [...]}` or an array of up to 1,000.

    The response follows after they are stored. The valid events of a batch are stored, the others named by
    position, field and rule; 422 when none is valid.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    status, _, body = accepted(*accept_events(_actor(request), body=request.body, headers=headers))
    return HttpResponse(body, status=status, content_type="application/json")
