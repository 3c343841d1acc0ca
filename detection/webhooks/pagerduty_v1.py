"""PagerDuty's Events API v1, as Nagios, Sensu and older senders use it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Alert, AlertState, Reading, Reply
from detection.webhooks.values import (
    component_in,
    labels_of,
    line,
    link,
    links,
    named,
    not_a_tool,
    prose,
    severity_of,
)

STATES: Final = {
    "trigger": AlertState.FIRING, "acknowledge": AlertState.ACKNOWLEDGED, "resolve": AlertState.RESOLVED,
}  # fmt: skip
KEY_LENGTH: Final = 255
SUMMARY_LENGTH: Final = 1024


def read_v1(body: Mapping[str, Any], request: WebhookRequest) -> Reading:
    """Parse one event, with v1's reply. Raises Invalid naming each wrong field in v1's words."""
    _check(body)
    state = STATES[line(body.get("event_type")).lower()]
    key = line(body.get("incident_key"), KEY_LENGTH) or request.made_key()
    given = body.get("details")
    details: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    word = line(named(details, "severity", "priority", "state", "level"))
    alert = Alert(
        key=key,
        state=state,
        title=line(body.get("description"), SUMMARY_LENGTH),
        severity=severity_of(word),
        severity_word=word,
        description=_description(body, details),
        component=component_in(details) or not_a_tool(named(details, "source", "entity")),
        labels=labels_of(details),
        links=links(link(body.get("client_url"), line(body.get("client"))), *_contexts(body)),
        detail={name: value for name, value in body.items() if name != "service_key"},
    )
    reply = {"status": "success", "message": "Event processed", "incident_key": key}
    return Reading(alerts=(alert,), reply=Reply(200, reply))


def _check(body: Mapping[str, Any]) -> None:
    kind = line(body.get("event_type")).lower()
    faults: list[FieldFault] = []
    if kind not in STATES:
        faults.append(
            FieldFault("event_type", "choice", "Event type is invalid: trigger, acknowledge or resolve")
        )
    if kind == "trigger" and not line(body.get("description")):
        faults.append(FieldFault("description", "required", "Description is missing or blank"))
    if kind in STATES and kind != "trigger" and not line(body.get("incident_key")):
        faults.append(FieldFault("incident_key", "required", "Incident key is missing or blank"))
    if faults:
        raise Invalid("The event is not valid for PagerDuty's Events API v1.", faults=faults)


def _contexts(body: Mapping[str, Any]) -> list[Any]:
    contexts = body.get("contexts")
    found = [one for one in contexts if isinstance(one, Mapping)] if isinstance(contexts, list) else []
    return [link(one.get("href") or one.get("src"), line(one.get("text"))) for one in found]


def _description(body: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    if isinstance(body.get("details"), str):
        return prose(body["details"])
    return "\n".join(f"- {line(name, 60)}: {line(value)}" for name, value in details.items() if line(value))
