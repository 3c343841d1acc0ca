"""Opsgenie's Alert API: create, acknowledge and close by alias, answered in its own words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from core.errors import FieldFault, Invalid, NotFound, Problem
from detection.webhooks.addressed import Address, AddressedFormat
from detection.webhooks.alerts.alert_text import bounded_key
from detection.webhooks.format import Outcome, Receipt, SourceSettings, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Alert, AlertState, Reading, Reply
from detection.webhooks.values import first_line, labels_of, line, prose, require_object, severity_of, type_of
from incidents.vocabulary import IncidentType, Severity

ACTIONS: Final = {"acknowledge": AlertState.ACKNOWLEDGED, "close": AlertState.RESOLVED}
PRIORITIES: Final = {
    "p1": Severity.SEV1, "p2": Severity.SEV2, "p3": Severity.SEV3, "p4": Severity.SEV4, "p5": Severity.SEV4,
}  # fmt: skip
# What Opsgenie calls what was asked for, and says when it is done.
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
    "  -d '{\"message\": \"Disk is full\", \"alias\": \"disk-db-1\", \"priority\": \"P2\"}'",
    {"message": "A test from Tocsin's source page", "alias": "tocsin-test", "priority": "P2",
     "entity": "db-1"},
)  # fmt: skip


@webhook_format
class Opsgenie(AddressedFormat):
    """`/v2/alerts` with `Authorization: GenieKey <the source's key>`; `request.path` is what follows it."""

    name = "opsgenie"
    title = "Opsgenie Alert API"
    guide = _GUIDE
    is_alerting = True
    max_body = 1_000_000
    kept_headers = ("x-opsgenie",)
    addresses = (
        Address("v2/alerts"),
        # `identifierType` may be given, or not.
        Address("v2/alerts/<path:identifier>/<slug:action>", "{identifier}/{action}", asks=True),
    )

    def source_key(self, request: WebhookRequest) -> str:
        """What follows GenieKey in Authorization."""
        sent = request.headers.get("authorization", "")
        return sent[len(GENIE) :].strip() if sent.lower().startswith(GENIE) else ""

    def asked_about(self, path: str) -> str:
        """`requests/<request id>`."""
        asked, _, request_id = path.rpartition("/")
        return request_id if asked == "requests" else ""

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document() if request.body.strip() else {})
        identifier, _, action = request.path.rpartition("/")
        if not request.path:
            return Reading(alerts=(_created(body, request),))
        if action not in ACTIONS or not identifier:
            raise NotFound("Alerts are created, acknowledged and closed here; other actions are not known.")
        return Reading(alerts=(_moved(identifier, ACTIONS[action], body),))

    def answer(self, reading: Reading, receipt: Receipt) -> Reply:
        return Reply(202, {"result": "Request will be processed", "took": 0.0, "requestId": _id(receipt)})

    def outcome(self, reading: Reading, receipt: Receipt) -> Outcome:
        [alert] = reading.alerts
        action, words = DONE[alert.state]
        known = alert.key not in receipt.unheard
        return Outcome(action, bounded_key(alert.key), known, words if known else NO_ALERT)

    def refuse(self, problem: Problem) -> Reply:
        status = {"malformed": 422, "invalid": 422, "source_unknown": 401}.get(problem.code, problem.status)
        said: dict[str, Any] = {"message": problem.detail, "took": 0.0, "requestId": str(uuid.uuid4())}
        if problem.faults:
            said["errors"] = {fault.field: fault.message for fault in problem.faults}
        return Reply(status, said | problem.extra)

    def status(self, request_id: str, outcome: Outcome, at: datetime, source: str) -> Reply:
        """What a client is told that asks what became of its request.

        An alert is known by its alias alone, so that is its id as well: whatever a client takes from here to
        name the alert, with or without `identifierType`, leads to it.
        """
        alias = outcome.key if outcome.succeeded else ""
        data = {
            "success": outcome.succeeded, "isSuccess": outcome.succeeded, "action": outcome.action,
            "processedAt": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "integrationId": source, "status": outcome.words, "alertId": alias, "alias": alias,
        }  # fmt: skip
        return Reply(200, {"data": data, "took": 0.0, "requestId": request_id})


def _created(body: Mapping[str, Any], request: WebhookRequest) -> Alert:
    _check(body)
    tags = body.get("tags")
    named = dict.fromkeys((line(tag) for tag in tags), "true") if isinstance(tags, list) else {}
    return Alert(
        key=line(body.get("alias"), ALIAS_LENGTH) or request.made_key(),
        state=AlertState.FIRING,
        title=line(body["message"]),
        severity=severity_of(body.get("priority"), PRIORITIES) or Severity.SEV3,
        description=prose(body.get("description")),
        component=first_line(body.get("entity"), body.get("source")),
        incident_type=_type(body),
        labels=labels_of({**_details(body), **named}),
        detail=dict(body),
    )


def _moved(alias: str, state: AlertState, body: Mapping[str, Any]) -> Alert:
    return Alert(key=line(alias, ALIAS_LENGTH), state=state, title="", description=prose(body.get("note")),
                 detail=dict(body))  # fmt: skip


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


def _type(body: Mapping[str, Any]) -> IncidentType:
    return type_of(_details(body).get("incident_type")) or IncidentType.OTHER


def _id(receipt: Receipt) -> str:
    return receipt.request_id or str(uuid.uuid4())
