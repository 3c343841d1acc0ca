"""Uptime Kuma's notification "Webhook", as JSON or as form data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.form_data import MULTIPART, URLENCODED, form_values
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.mapping.reader import detail_of, key_of
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import first_line, labels_of, line, link, links, moment, prose, require_object
from incidents.vocabulary import IncidentType, Severity

DOWN, UP = 0, 1
_STATES: Final = {DOWN: AlertState.FIRING, UP: AlertState.RESOLVED}

_GUIDE: Final = Guide(
    "Settings, Notifications, Setup: type Webhook, request body Preset application/json",
    "{address}",
    {"heartbeat": {"monitorID": 0, "status": 0, "msg": "A test from Tocsin's source page"},
     "monitor": {"id": 0, "name": "Tocsin test"}, "msg": "down"},
)  # fmt: skip


@webhook_format
class UptimeKuma(WebhookFormat):
    """One monitor's heartbeat that matters: down or up; pending and maintenance are passed over."""

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
        status = heartbeat.get("status")
        state = _STATES.get(status) if type(status) is int else None
        return Reading(alerts=(_alert(body, heartbeat, monitor, state),) if state else ())


def _reading(body: Mapping[str, Any], settings: SourceSettings) -> Reading:
    """A test, or a word about a certificate: it concerns no heartbeat."""
    message = prose(body.get("msg"))
    event = {"source": settings.name, "level": "info", "message": message, "event_type": "uptime_kuma"}
    return Reading(events=(event,) if message else ())


def _alert(
    body: Mapping[str, Any], heartbeat: Mapping[str, Any], monitor: Mapping[str, Any], state: AlertState
) -> Alert:
    name = first_line(monitor.get("name"), monitor.get("id")) or "monitor"
    at, is_over = moment(heartbeat.get("time")), state == AlertState.RESOLVED
    tags = monitor.get("tags")
    tags = [tag for tag in tags if isinstance(tag, Mapping)] if isinstance(tags, list) else []
    return Alert(
        key=key_of("monitor", first_line(monitor.get("id"), name)), state=state,
        title=line(f"{name} is {'up again' if is_over else 'down'}"), severity=Severity.SEV2,
        description=prose(heartbeat.get("msg")) or prose(body.get("msg")), component=name,
        incident_type=IncidentType.SERVICE_DOWN, starts_at=None if is_over else at,
        ends_at=at if is_over else None,
        labels=labels_of({line(tag.get("name")): line(tag.get("value")) or "yes" for tag in tags}),
        links=links(link(monitor.get("url"), name)), detail=detail_of({"heartbeat": dict(heartbeat)}),
    )  # fmt: skip
