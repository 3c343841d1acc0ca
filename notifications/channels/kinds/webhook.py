"""Sends signed JSON to an HTTP endpoint, by the Standard Webhooks specification."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from core.http.addresses import address_fault
from core.http.client import request
from core.secrets.signing import is_webhook_secret, sign_webhook
from notifications.channels.kind import ChannelField, ChannelKind, Sent, Target, channel_kind
from notifications.deliveries.message import Message

MAX_READ_BYTES = 64_000


@channel_kind
class WebhookChannel(ChannelKind):
    """A webhook."""

    name = "webhook"
    title = "Webhook"
    icon = "webhook"
    fields = (
        ChannelField("url", "URL", "https:// address that receives a POST per event."),
        ChannelField(
            "secret", "Signing secret", "Begins with whsec_. Leave empty to generate one.", True, False
        ),
    )

    def check(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
        """An http(s) address and a secret in the format of the specification."""
        faults = {"url": fault} if (fault := address_fault(config.get("url", ""))) else {}
        if secrets.get("secret") and not is_webhook_secret(secrets["secret"]):
            faults |= {"secret": "must be whsec_ followed by 24 to 64 bytes in base64"}
        return faults

    def send(self, target: Target, message: Message) -> Sent:
        """POST the event; retries have the same id and a new timestamp and signature."""
        body = orjson.dumps(webhook_body(message))
        message_id = f"msg_{message.public_id}"
        signed = sign_webhook(target.secrets.get("secret", ()), message_id, datetime.now(UTC), body)
        headers = {"Content-Type": "application/json", **signed}
        response = request(
            "POST",
            target.config["url"],
            content=body,
            headers=headers,
            max_bytes=MAX_READ_BYTES,
            cuts_body=True,
        )
        return Sent(message_id, response.status)


def webhook_body(message: Message) -> dict[str, Any]:
    """JSON body: flat fields of the incident first, the whole snapshot under `incident`."""
    snapshot = message.snapshot
    return {
        "event": message.event_kind,
        "sequence": message.sequence,
        "incident_id": message.reference,
        "type": snapshot.get("type", ""),
        "severity": message.severity,
        "severity_word": message.severity_word,
        "status": snapshot.get("status", ""),
        "title": snapshot.get("title", message.subject),
        "url": message.url,
        "text": message.subject,
        "details": dict(message.details),
        "incident": dict(snapshot),
        "analysis": dict(message.analysis) or None,
    }
