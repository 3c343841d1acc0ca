"""VictorOps, now Splunk On-Call: its REST endpoint, with its own response format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import FieldFault, Invalid, Problem
from detection.webhooks.addressed import Address, AddressedFormat
from detection.webhooks.format import Receipt, SourceSettings, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Alert, AlertState, Reading, Reply
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
    severity_of,
)
from incidents.vocabulary import Severity

_STATES: Final = {
    "critical": AlertState.FIRING,
    "warning": AlertState.FIRING,
    "info": AlertState.FIRING,
    "acknowledgement": AlertState.ACKNOWLEDGED,
    "acknowledgment": AlertState.ACKNOWLEDGED,
    "acknowledged": AlertState.ACKNOWLEDGED,
    "ack": AlertState.ACKNOWLEDGED,
    "recovery": AlertState.RESOLVED,
    "recovered": AlertState.RESOLVED,
    "ok": AlertState.RESOLVED,
    "resolved": AlertState.RESOLVED,
}
_SEVERITIES: Final = {"critical": Severity.SEV1, "warning": Severity.SEV3}
_ROUTE: Final = "integrations/generic/<slug:number>/alert/<slug:key>"

_GUIDE: Final = Guide(
    "Anything that speaks Splunk On-Call's REST endpoint: its address with the source's key",
    "curl -X POST '{base}/integrations/generic/20131114/alert/{key}/team' \\\n"
    "  -H 'Content-Type: application/json' \\\n"
    '  -d \'{"message_type": "CRITICAL", "entity_id": "disk-db-1", "state_message": "Disk is full"}\'',
    {
        "message_type": "CRITICAL",
        "entity_id": "tocsin-test",
        "entity_display_name": "A test from Tocsin's source page",
        "state_message": "Nothing is wrong",
    },
)


@webhook_format
class VictorOps(AddressedFormat):
    """One entity's message: critical, warning, acknowledged or recovered."""

    name = "victorops"
    title = "Splunk On-Call (VictorOps)"
    guide = _GUIDE
    is_alerting = True
    addresses = (Address(_ROUTE, "{key}"), Address(f"{_ROUTE}/<path:routing>", "{key}/{routing}"))

    def source_key(self, request: WebhookRequest) -> str:
        """Return the API key in the URL."""
        return request.path.partition("/")[0]

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        word = line(body.get("message_type")).casefold()
        if word not in _STATES:
            fault = FieldFault(
                "message_type", "choice", "must be CRITICAL, WARNING, INFO, ACKNOWLEDGEMENT or RECOVERY"
            )
            raise Invalid("The message_type is not known.", faults=[fault])
        if word == "info":
            return Reading(events=(_event(body, settings),))
        return Reading(alerts=(_alert(body, request, _STATES[word], word),))

    def reply_to(self, reading: Reading, receipt: Receipt) -> Reply:
        key = reading.alerts[0].key if reading.alerts else ""
        return Reply(200, {"result": "success", "entity_id": key})

    def refuse(self, problem: Problem) -> Reply:
        status = 400 if problem.code in {"malformed", "invalid"} else problem.status
        errors = "; ".join(fault.message for fault in problem.faults)
        return Reply(
            status, {"result": "failure", "message": f"{problem.detail} {errors}".strip()} | problem.extra
        )


def _alert(body: Mapping[str, Any], request: WebhookRequest, state: AlertState, word: str) -> Alert:
    key = line(body.get("entity_id"), 500)
    if not key and state != AlertState.FIRING:
        fault = FieldFault("entity_id", "required", "is missing: which alert is over?")
        raise Invalid("The message names no entity_id.", faults=[fault])
    key, at = key or request.made_key(), moment(body.get("state_start_time")) or moment(body.get("timestamp"))
    is_over = state == AlertState.RESOLVED
    return Alert(
        key=key,
        state=state,
        title=first_line(body.get("entity_display_name"), body.get("state_message"), key),
        severity=severity_of(body.get("severity")) or _SEVERITIES.get(word),
        severity_word=word,
        description=prose(body.get("state_message")),
        component=component_in(body) or not_a_tool(body.get("hostname"), body.get("monitoring_tool")),
        starts_at=None if is_over else at,
        ends_at=at if is_over else None,
        labels=labels_of(body),
        links=links(link(body.get("alert_url")), link(body.get("vo_annotate.u.Runbook"), "Runbook")),
        detail=dict(body),
    )


def _event(body: Mapping[str, Any], settings: SourceSettings) -> dict[str, Any]:
    """Return INFO as an event: there it is a timeline entry and opens nothing."""
    message = first_line(
        body.get("state_message"), body.get("entity_display_name"), body.get("entity_id"), limit=8000
    )
    if not message:
        raise Invalid("The message is empty: state_message is missing.")
    return {
        "source": component_in(body) or settings.name,
        "level": "info",
        "message": message,
        "event_type": "victorops.info",
        "metadata": dict(body),
    }
