"""Uptime Kuma's notification "Webhook", as JSON or as form data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.form_data import MULTIPART, URLENCODED, form_values
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.mapping.reader import detail_of, key_of
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import first_line, labels_of, line, link, links, moment, prose, require_object
from incidents.vocabulary import IncidentType, Severity

# Texts of custom bodies.
_STATES: Final = {
    "0": AlertState.FIRING,
    "down": AlertState.FIRING,
    "1": AlertState.RESOLVED,
    "up": AlertState.RESOLVED,
}
_QUIET: Final = frozenset({"2", "pending", "3", "maintenance"})
_CERTIFICATE: Final = re.compile(
    r"^\[(.+?)\]\[(\S*)\].*certificate.* will expire in (-?\d+) days?", re.IGNORECASE
)
_MESSAGE: Final = re.compile(r"^\[(.+?)\] \[\W*(Down|Up)\]\s*(.*)$", re.IGNORECASE | re.DOTALL)

_GUIDE: Final = Guide(
    "Settings, Notifications, Setup: type Webhook, request body Preset application/json",
    "{address}",
    {
        "heartbeat": {"monitorID": 0, "status": 0, "msg": "A test from Tocsin's source page"},
        "monitor": {"id": 0, "name": "Tocsin test"},
        "msg": "down",
    },
)


@webhook_format
class UptimeKuma(WebhookFormat):
    """One monitor's heartbeat: down or up; pending and maintenance are ignored."""

    name = "uptime-kuma"
    title = "Uptime Kuma"
    guide = _GUIDE
    is_alerting = True
    content_types = frozenset({"application/json", MULTIPART, URLENCODED, ""})

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        is_form = request.content_type in (MULTIPART, URLENCODED)
        body = require_object(form_values(request) if is_form else request.document())
        heartbeat, monitor = body.get("heartbeat"), body.get("monitor")
        if not isinstance(heartbeat, Mapping) or not isinstance(monitor, Mapping):
            return _reading(body, settings)
        word = line(heartbeat.get("status")).casefold()
        state = None if isinstance(heartbeat.get("status"), bool) else _STATES.get(word)
        if state is None and word not in _QUIET:
            fault = FieldFault("heartbeat.status", "choice", "must be 0 (down), 1 (up), 2 or 3")
            raise Invalid("The heartbeat's status is not known.", faults=[fault])
        return Reading(alerts=(_alert(body, heartbeat, monitor, state),) if state else ())


def _reading(body: Mapping[str, Any], settings: SourceSettings) -> Reading:
    """Parse a test, an expiring certificate, or a monitor named in the message only.

    Raises Invalid otherwise.
    """
    message = prose(body.get("msg"))
    if not message:
        fault = FieldFault("heartbeat", "required", "is missing, and so is msg")
        raise Invalid(
            "This body holds no field that is known. Use the preset body of Uptime Kuma.", faults=[fault]
        )
    if found := _CERTIFICATE.match(message):
        return Reading(alerts=(_certificate(found[1], found[2], message),))
    if found := _MESSAGE.match(message):
        heartbeat = {"msg": found[3]}
        return Reading(alerts=(_alert(body, heartbeat, {"name": found[1]}, _STATES[found[2].casefold()]),))
    event = {"source": settings.name, "level": "info", "message": message, "event_type": "uptime_kuma"}
    return Reading(events=(event,))


def _certificate(name: str, url: str, message: str) -> Alert:
    return Alert(
        key=key_of("certificate", name),
        state=AlertState.FIRING,
        title=line(f"{name} has a certificate that expires"),
        severity=Severity.SEV4,
        severity_word="certificate",
        description=message,
        component=line(name),
        links=links(link(url, name)),
        detail={"msg": message},
    )


def _alert(
    body: Mapping[str, Any], heartbeat: Mapping[str, Any], monitor: Mapping[str, Any], state: AlertState
) -> Alert:
    name = first_line(monitor.get("name"), monitor.get("id")) or "monitor"
    at, is_over = moment(heartbeat.get("time")), state == AlertState.RESOLVED
    tags = monitor.get("tags")
    tags = [tag for tag in tags if isinstance(tag, Mapping)] if isinstance(tags, list) else []
    return Alert(
        key=key_of("monitor", first_line(monitor.get("id"), name)),
        state=state,
        title=line(f"{name} is {'up again' if is_over else 'down'}"),
        severity=Severity.SEV2,
        severity_word="down",
        description=prose(heartbeat.get("msg")) or prose(body.get("msg")),
        component=name,
        incident_type=IncidentType.SERVICE_DOWN,
        starts_at=None if is_over else at,
        ends_at=at if is_over else None,
        labels=labels_of({line(tag.get("name")): line(tag.get("value")) or "yes" for tag in tags}),
        links=links(link(monitor.get("url"), name)),
        detail=detail_of({"heartbeat": dict(heartbeat)}),
    )
