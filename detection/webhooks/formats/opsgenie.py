"""Opsgenie's Alert API: create, acknowledge and close by alias, with its own response format."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from core.errors import FieldFault, Invalid, NotFound, Problem
from detection.webhooks.addressed import Address, AddressedFormat, Shown
from detection.webhooks.alerts.alert_text import bounded_key
from detection.webhooks.format import Outcome, Receipt, SourceSettings, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.opsgenie_updates import PRIORITIES, remark_of, split_path
from detection.webhooks.parsed import Alert, AlertState, Reading, Reply
from detection.webhooks.values import (
    component_in,
    first_line,
    labels_of,
    line,
    named,
    not_a_tool,
    prose,
    require_object,
    severity_of,
    type_of,
)
from incidents.vocabulary import IncidentType, Severity

ACTIONS: Final = {"acknowledge": AlertState.ACKNOWLEDGED, "close": AlertState.RESOLVED}
METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
# Opsgenie's name of an action, and its message when done.
DONE: Final = {
    AlertState.FIRING: ("Create", "Created alert"),
    AlertState.ACKNOWLEDGED: ("Acknowledge", "Acknowledged alert"),
    AlertState.RESOLVED: ("Close", "Closed alert"),
}
NO_ALERT: Final = "Alert does not exist"
ALIAS_LENGTH: Final = 512
GENIE: Final = "geniekey "

_GUIDE: Final = Guide(
    "Anything that speaks Opsgenie's Alert API: its address and the API key",
    "curl -X POST '{base}/v2/alerts' \\\n  -H 'Authorization: GenieKey {key}' \\\n"
    "  -H 'Content-Type: application/json' \\\n"
    '  -d \'{"message": "Disk is full", "alias": "disk-db-1", "priority": "P2"}\'',
    {
        "message": "A test from Tocsin's source page",
        "alias": "tocsin-test",
        "priority": "P2",
        "entity": "db-1",
    },
)


@webhook_format
class Opsgenie(AddressedFormat):
    """`/v2/alerts` with `Authorization: GenieKey <the source's key>`; `request.path` is the part after it."""

    name = "opsgenie"
    title = "Opsgenie Alert API"
    guide = _GUIDE
    is_alerting = True
    max_body = 1_000_000
    stored_headers = ("x-opsgenie",)
    more_methods = ("PATCH", "DELETE")
    # Opsgenie's own path, and that of Jira Service Management's operations it moved to.
    addresses = tuple(
        address
        for prefix in ("v2", "jsm/ops/integration/v2", "jsm/ops/api/v2")
        for address in (
            Address(f"{prefix}/alerts"),
            # `identifierType` is optional.
            Address(f"{prefix}/alerts/<path:identifier>", "{identifier}", is_query=True, methods=METHODS),
            Address(f"{prefix}/heartbeats/<path:name>", "heartbeats/{name}", is_query=True, methods=METHODS),
        )
    )

    def source_key(self, request: WebhookRequest) -> str:
        """Return the key after GenieKey in Authorization."""
        sent = request.headers.get("authorization", "")
        return sent[len(GENIE) :].strip() if sent.lower().startswith(GENIE) else ""

    def heartbeat_in(self, path: str) -> str:
        """Return the name in `heartbeats/<name>/ping` or `heartbeats/<name>`."""
        before, _, rest = path.partition("heartbeats/")
        return rest.removesuffix("/ping") if not before else ""

    def beat(self, name: str, status: str) -> Reply:
        common = {"took": 0.0, "requestId": str(uuid.uuid4())}
        if not status:
            return Reply(202, {"result": "PONG - Heartbeat received", **common})
        data = {"name": name, "enabled": status != "paused", "expired": status == "down"}
        return Reply(200, {"data": data, **common})

    def requested_id(self, path: str) -> str:
        """Return the id in `requests/<request id>`."""
        kind, _, request_id = path.rpartition("/")
        return request_id if kind == "requests" else ""

    def queried_alert(self, path: str) -> str:
        """Return `<alias>`."""
        return "" if path.startswith("requests/") else path

    def alert(self, row: Shown) -> Reply:
        data = {
            "id": row.key,
            "alias": row.key,
            "tinyId": str(row.episodes),
            "message": row.title,
            "status": "closed" if row.state == "resolved" else "open",
            "acknowledged": row.state == "acknowledged",
            "isSeen": row.state != "firing",
            "priority": str(row.severity).replace("sev", "P"),
            "entity": row.component,
            "source": row.component,
            "count": row.episodes,
            "createdAt": row.first_at.isoformat(),
            "updatedAt": row.updated_at.isoformat(),
        }
        return Reply(200, {"data": data, "took": 0.0, "requestId": str(uuid.uuid4())})

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        _refuse_heartbeat(request.path)
        body = require_object(request.document() if request.body.strip() else {})
        if not request.path:
            return Reading(alerts=(_created(body, request),))
        identifier, action = split_path(request.path)
        if request.method == "DELETE" and not action:
            action = "close"
        if action in ACTIONS and identifier:
            return Reading(alerts=(_moved(identifier, ACTIONS[action], body),))
        return Reading(remarks=(remark_of(identifier, action, request, body),))

    def reply_to(self, reading: Reading, receipt: Receipt) -> Reply:
        return Reply(202, {"result": "Request will be processed", "took": 0.0, "requestId": _id(receipt)})

    def outcome(self, reading: Reading, receipt: Receipt) -> Outcome:
        if reading.remarks:
            [remark] = reading.remarks
            known = remark.key not in receipt.unknown_alerts
            return Outcome("Update", bounded_key(remark.key), known, "Updated alert" if known else NO_ALERT)
        [alert] = reading.alerts
        action, words = DONE[alert.state]
        known = alert.key not in receipt.unknown_alerts
        return Outcome(action, bounded_key(alert.key), known, words if known else NO_ALERT)

    def refuse(self, problem: Problem) -> Reply:
        status = {"malformed": 422, "invalid": 422, "source_unknown": 401}.get(problem.code, problem.status)
        payload: dict[str, Any] = {"message": problem.detail, "took": 0.0, "requestId": str(uuid.uuid4())}
        if problem.faults:
            payload["errors"] = {fault.field: fault.message for fault in problem.faults}
        return Reply(status, payload | problem.extra)

    def status(self, request_id: str, outcome: Outcome, at: datetime, source: str) -> Reply:
        """Return the reply for a client that queries the result of its request.

        An alert is identified by its alias only, so that is its id as well: whatever a client uses from here,
        with or without `identifierType`, finds the alert.
        """
        alias = outcome.key if outcome.succeeded else ""
        data = {
            "success": outcome.succeeded,
            "isSuccess": outcome.succeeded,
            "action": outcome.action,
            "processedAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "integrationId": source,
            "status": outcome.words,
            "alertId": alias,
            "alias": alias,
        }
        return Reply(200, {"data": data, "took": 0.0, "requestId": request_id})


def _created(body: Mapping[str, Any], request: WebhookRequest) -> Alert:
    _check(body)
    tags = body.get("tags")
    named = dict.fromkeys((line(tag) for tag in tags), "true") if isinstance(tags, list) else {}
    return Alert(
        key=line(body.get("alias"), ALIAS_LENGTH) or request.made_key(),
        state=AlertState.FIRING,
        title=line(body["message"]),
        severity=severity_of(body.get("priority"), PRIORITIES) or _severity(body),
        description=prose(body.get("description")),
        severity_word=line(body.get("priority")),
        component=first_line(
            body.get("entity"), component_in(_details(body)), not_a_tool(body.get("source"))
        ),
        incident_type=_type(body),
        labels=labels_of({**_details(body), **named}),
        detail=dict(body),
    )


def _moved(alias: str, state: AlertState, body: Mapping[str, Any]) -> Alert:
    return Alert(
        key=line(alias, ALIAS_LENGTH),
        state=state,
        title="",
        description=prose(body.get("note")),
        detail=dict(body),
    )


def _check(body: Mapping[str, Any]) -> None:
    faults: list[FieldFault] = []
    if not isinstance(body.get("message"), str) or not line(body["message"]):
        faults.append(FieldFault("message", "required", "Message can not be empty."))
    priority = body.get("priority")
    if priority is not None and line(priority).lower() not in PRIORITIES:
        faults.append(FieldFault("priority", "choice", "Priority should be one of [P1, P2, P3, P4, P5]."))
    if len(line(body.get("alias"), ALIAS_LENGTH + 1)) > ALIAS_LENGTH:
        faults.append(FieldFault("alias", "max_length", f"Alias may have at most {ALIAS_LENGTH} characters."))
    if faults:
        raise Invalid("Request body is not processable. Please check the errors.", faults=faults)


def _details(body: Mapping[str, Any]) -> Mapping[str, Any]:
    details = body.get("details")
    return details if isinstance(details, Mapping) else {}


def _severity(body: Mapping[str, Any]) -> Severity:
    """Return the severity for a body without a priority: from its details, as Alertmanager sends labels.

    Else SEV3.
    """
    return severity_of(named(_details(body), "severity", "priority")) or Severity.SEV3


def _refuse_heartbeat(path: str) -> None:
    if path.startswith("heartbeats/"):
        raise NotFound("Send heartbeats to /v2/heartbeats/<name>/ping. Nothing was stored.")


def _type(body: Mapping[str, Any]) -> IncidentType:
    return type_of(named(_details(body), "incident_type")) or IncidentType.OTHER


def _id(receipt: Receipt) -> str:
    return receipt.request_id or str(uuid.uuid4())
