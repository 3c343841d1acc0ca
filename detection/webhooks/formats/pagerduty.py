"""PagerDuty's Events API v2: alert events and change events, with its own response format.

Senders for events.pagerduty.com only need their URL changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from core.errors import FieldFault, Invalid, Problem
from detection.webhooks.addressed import Address, AddressedFormat
from detection.webhooks.format import Receipt, SourceSettings, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.unpacking import unpacked
from detection.webhooks.pagerduty_v1 import read_v1
from detection.webhooks.parsed import Alert, AlertState, Change, ChangeKind, Reading, Reply
from detection.webhooks.values import (
    component_in,
    first_line,
    labels_of,
    line,
    link,
    links,
    moment,
    not_a_tool,
    prose,
    require_object,
    type_of,
)
from incidents.vocabulary import IncidentType, Severity

STATES: Final = {
    "trigger": AlertState.FIRING, "acknowledge": AlertState.ACKNOWLEDGED, "resolve": AlertState.RESOLVED,
}  # fmt: skip
SEVERITIES: Final = {
    "critical": Severity.SEV1, "error": Severity.SEV2, "warning": Severity.SEV3, "info": Severity.SEV4,
}  # fmt: skip
DEDUP_LENGTH: Final = 255
SUMMARY_LENGTH: Final = 1024
CHANGE_PATH: Final = "change/enqueue"
V1_PATH: Final = "v1/create_event"

_GUIDE: Final = Guide(
    "Anything that speaks PagerDuty's Events API v2: its address and the routing key",
    "curl -X POST '{base}/v2/enqueue' \\\n  -H 'Content-Type: application/json' \\\n"
    "  -d '{\"routing_key\": \"{key}\", \"event_action\": \"trigger\", \"dedup_key\": \"disk-db-1\",\n"
    '       "payload": {"summary": "Disk is full", "source": "db-1", "severity": "error"}}\'',
    {"routing_key": "in-the-address", "event_action": "trigger", "dedup_key": "tocsin-test",
     "payload": {"summary": "A test from Tocsin's source page", "source": "db-1", "severity": "error"}},
)  # fmt: skip


@webhook_format
class PagerDuty(AddressedFormat):
    """`routing_key` is the source's key at `/v2/enqueue`; at the source's own URL it is ignored."""

    name = "pagerduty"
    title = "PagerDuty Events API v2 and v1"
    guide = _GUIDE
    is_alerting = True
    max_body = 524_288
    is_key_in_body = True
    stored_headers = ("x-pagerduty",)
    addresses = (
        Address("v2/enqueue", "enqueue"),
        Address(f"v2/{CHANGE_PATH}", CHANGE_PATH),
        Address("generic/2010-04-15/create_event.json", V1_PATH),
    )

    def source_key(self, request: WebhookRequest) -> str:
        """Return the event's routing_key.

        A body that is too large is passed on, and refused by the receiver.
        """
        fits = len(request.raw) <= self.max_body
        body = unpacked(request.raw, request.headers, self.max_body) if fits else request.raw
        name = "service_key" if request.path == V1_PATH else "routing_key"
        key = line(require_object(replace(request, body=body).document()).get(name))
        if not key:
            fault = FieldFault(name, "required", f"'{name}' is missing or blank")
            raise Invalid(f"The event names no {name}.", faults=[fault])
        return key

    def adapted(self, reply: Reply) -> Reply:
        """Replace 404: for PagerDuty, an unknown key makes an event invalid."""
        return replace(reply, status=400) if reply.status == 404 else reply

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        if request.path == V1_PATH or ("service_key" in body and "event_type" in body):
            return read_v1(body, request)
        if request.path == CHANGE_PATH or ("event_action" not in body and "payload" in body):
            return Reading(changes=(_change(body),))
        return Reading(alerts=(_alert(body, request),))

    def reply_to(self, reading: Reading, receipt: Receipt) -> Reply:
        if reading.reply is not None:
            return reading.reply
        if reading.changes:
            return Reply(202, {"status": "success", "message": "Change event processed"})
        payload = {"status": "success", "message": "Event processed", "dedup_key": reading.alerts[0].key}
        return Reply(202, payload)

    def refuse(self, problem: Problem) -> Reply:
        """Return its error; 429, 413 and 5xx keep their status, since senders wait after 429."""
        if problem.status == HTTPStatus.TOO_MANY_REQUESTS:
            message = "Requests for this service are arriving too quickly. Please retry later."
            return Reply(429, {"status": "throttle exceeded", "message": message, "errors": [problem.detail]})
        errors = [fault.message for fault in problem.faults] or [problem.detail]
        status = 400 if problem.code in {"malformed", "invalid"} else problem.status
        payload = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
        return Reply(status, payload | problem.extra)


def _alert(body: Mapping[str, Any], request: WebhookRequest) -> Alert:
    payload = _payload(body)
    _check(_faults(body, payload))
    state = STATES[line(body["event_action"])]
    if state != AlertState.FIRING:
        return Alert(
            key=body["dedup_key"], state=state, title=line(payload.get("summary")), detail=_detail(body)
        )
    details = payload.get("custom_details")
    summary = line(payload["summary"], SUMMARY_LENGTH)
    return Alert(
        key=body.get("dedup_key") or request.made_key(),
        state=state,
        title=summary,
        severity=SEVERITIES[payload["severity"]],
        severity_word=payload["severity"],
        description=_description(summary, details),
        component=_component(payload, body),
        incident_type=type_of(payload.get("class")) or IncidentType.OTHER,
        starts_at=moment(payload.get("timestamp")),
        labels=labels_of({name: payload.get(name) for name in ("source", "component", "group", "class")}),
        links=_links(body),
        detail=_detail(body),
    )


def _component(payload: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    details = payload.get("custom_details")
    in_details = component_in(details) if isinstance(details, Mapping) else ""
    named = first_line(payload.get("component")) or in_details
    return named or (not_a_tool(payload.get("source")) if payload.get("source") != body.get("client") else "")


def _faults(body: Mapping[str, Any], payload: Mapping[str, Any]) -> list[FieldFault]:
    """Return PagerDuty's error messages, which name the field in quotes."""
    action, dedup = line(body.get("event_action")), body.get("dedup_key")
    faults: list[FieldFault] = []
    if action not in STATES:
        faults.append(_fault("event_action", f"is invalid (must be one of: {', '.join(STATES)})"))
    if dedup is not None and not isinstance(dedup, str):
        faults.append(_fault("dedup_key", "must be a string"))
    elif len(dedup or "") > DEDUP_LENGTH:
        faults.append(_fault("dedup_key", f"is too long (maximum is {DEDUP_LENGTH} characters)"))
    elif action in STATES and action != "trigger" and not (dedup or "").strip():
        faults.append(_fault("dedup_key", "is missing or blank"))
    if action != "trigger":
        return faults
    missing = [name for name in ("summary", "source", "severity") if not line(payload.get(name))]
    faults += [_fault(f"payload.{name}", "is missing or blank") for name in missing]
    if "severity" not in missing and payload["severity"] not in tuple(SEVERITIES):
        faults.append(_fault("payload.severity", f"is invalid (must be one of: {', '.join(SEVERITIES)})"))
    return faults


def _change(body: Mapping[str, Any]) -> Change:
    payload = _payload(body)
    _check([] if line(payload.get("summary")) else [_fault("payload.summary", "is missing or blank")])
    details = payload.get("custom_details")
    fields = details if isinstance(details, Mapping) else {}
    kinds = {kind.value: kind for kind in ChangeKind}
    return Change(
        summary=line(payload["summary"], SUMMARY_LENGTH),
        kind=kinds.get(first_line(fields.get("kind"), fields.get("type")).lower(), ChangeKind.OTHER),
        component=first_line(fields.get("service"), fields.get("component"), payload.get("source")),
        version=first_line(fields.get("version"), fields.get("revision"), fields.get("commit")),
        author=first_line(fields.get("author"), fields.get("user"), fields.get("deployed_by")),
        occurred_at=moment(payload.get("timestamp")),
        links=_links(body),
        detail=_detail(body),
    )


def _payload(body: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = body.get("payload")
    return payload if isinstance(payload, Mapping) else {}


def _check(faults: list[FieldFault]) -> None:
    if faults:
        raise Invalid("The event is not valid for PagerDuty's Events API v2.", faults=faults)


def _fault(field: str, rule: str) -> FieldFault:
    return FieldFault(field, "invalid", f"'{field}' {rule}")


def _detail(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the whole event without the routing key."""
    return {name: value for name, value in body.items() if name not in ("routing_key", "service_key")}


def _links(body: Mapping[str, Any]) -> tuple[Any, ...]:
    given = [item for name in ("links", "images") for item in _listed(body.get(name))]
    found = [
        link(item.get("href") or item.get("src"), first_line(item.get("text"), item.get("alt")))
        for item in given
    ]
    return links(*found, link(body.get("client_url"), line(body.get("client"))))


def _listed(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _description(summary: str, details: Any) -> str:
    """Return the details as lines, below a summary that is too long for a title."""
    if isinstance(details, Mapping):
        text = "\n".join(
            f"- {line(name, 60)}: {line(value)}" for name, value in details.items() if line(value)
        )
    else:
        text = prose(details)
    return "\n\n".join(part for part in (summary if len(summary) > 200 else "", text) if part)
