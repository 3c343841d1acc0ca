"""Triggers, acknowledges and resolves alerts through PagerDuty's Events API v2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.http.addresses import address_fault
from core.http.client import request
from notifications.channels.kind import ChannelField, ChannelKind, Sent, Target, channel_kind
from notifications.deliveries.message import Message, cut

EVENTS_URL: Final = "https://events.pagerduty.com/v2/enqueue"
MAX_SUMMARY: Final = 1024
MAX_DETAIL: Final = 1500
_SEVERITIES: Final = {"sev1": "critical", "sev2": "error", "sev3": "warning", "sev4": "info"}
_ACTIONS: Final = {
    "incident.opened": "trigger",
    "incident.reopened": "trigger",
    "incident.severity_changed": "trigger",
    "incident.grew": "trigger",
    "sla.breached": "trigger",
    "incident.acknowledged": "acknowledge",
    "incident.resolved": "resolve",
    "test": "trigger",
    "page": "trigger",
}


@channel_kind
class PagerDutyChannel(ChannelKind):
    """A PagerDuty service."""

    name = "pagerduty"
    title = "PagerDuty"
    icon = "siren"
    fields = (
        ChannelField("routing_key", "Integration key", "Events API v2, 32 characters.", is_secret=True),
        ChannelField("url", "Events URL", "Only for accounts in another region.", is_required=False),
    )
    is_always_page = True
    server_fields = {"routing_key": "url"}
    max_per_minute = 90  # PagerDuty accepts 100 per key; several threads may start at once

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """The events URL, if given, must be valid."""
        url = config.get("url", "")
        return {"url": fault} if url and (fault := address_fault(url)) else {}

    def send(self, target: Target, message: Message) -> Sent:
        """Enqueue one event; PagerDuty deduplicates by dedup key. Raises what `request` does."""
        body = event(target.secret("routing_key"), message)
        response = request("POST", target.config.get("url") or EVENTS_URL, json=body)
        return Sent(body["dedup_key"], response.status, cut(response.text, 200))

    def lane(self, workspace_id: int, incident_id: int | None, channel_id: int) -> str:
        """One lane per alert: trigger, acknowledge and resolve are sent in order."""
        return f"pagerduty:{channel_id}:{incident_id}" if incident_id else ""

    def accepts(self, event_kind: str) -> bool:
        """Only events that trigger, acknowledge or resolve an alert."""
        return event_kind in _ACTIONS


def dedup_key(message: Message) -> str:
    """Dedup key: the same until the incident is reopened, which starts a new alert."""
    incident_id = message.snapshot.get("incident_id")
    opening = message.snapshot.get("opening", 1)
    tail = f"{incident_id}-{opening}" if incident_id else message.public_id
    return f"tocsin-{message.workspace_id}-{tail}"[:255]


def event(routing_key: str, message: Message) -> dict[str, Any]:
    """The JSON of one event, within PagerDuty's limits."""
    action = _ACTIONS.get(message.event_kind, "trigger")
    body: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(message),
    }
    if action == "trigger":
        snapshot = message.snapshot
        body["payload"] = {
            "summary": cut(message.subject, MAX_SUMMARY),
            "source": "tocsin",
            "severity": _SEVERITIES.get(message.severity, "info"),
            "component": cut(", ".join(snapshot.get("components") or [])[:500], 500) or None,
            "class": snapshot.get("type"),
            "custom_details": {"lines": [cut(line, MAX_DETAIL) for line in message.lines[:10]]},
        }
        if message.url:
            body["links"] = [{"href": message.url, "text": "Open in Tocsin"}]
    return body
