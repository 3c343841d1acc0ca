"""Prometheus Alertmanager's webhook, version 4: one body contains a whole group of alerts."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Final

from core.errors import Invalid
from detection.webhooks.addressed import Address, AddressedFormat
from detection.webhooks.format import SourceSettings, webhook_format
from detection.webhooks.grouped import LARGE_BODY, SAMPLE, group_of, listed_alerts
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import bearer
from detection.webhooks.parsed import Reading, Reply
from detection.webhooks.values import line, require_object

V2: Final = "api/v2/alerts"
_GUIDE: Final = Guide(
    "alertmanager.yml",
    "route:\n  receiver: tocsin\n\nreceivers:\n  - name: tocsin\n    webhook_configs:\n"
    "      - url: {address}\n        send_resolved: true",
    SAMPLE,
)  # fmt: skip


@webhook_format
class Alertmanager(AddressedFormat):
    """Alertmanager's `webhook_configs`, and what Prometheus itself posts to `/api/v2/alerts`."""

    name = "alertmanager"
    title = "Prometheus Alertmanager"
    guide = _GUIDE
    max_body = LARGE_BODY
    is_alerting = True
    addresses = (
        Address("api/v2/alerts", V2),
        Address("api/v1/webhooks/alertmanager/<slug:key>/api/v2/alerts", "{key}/" + V2),
    )

    def source_key(self, request: WebhookRequest) -> str:
        """Return the first part of the path prefix, else the bearer token, else the password."""
        if request.path != V2:
            return request.path.partition("/")[0]
        sent = request.headers.get("authorization", "")
        return bearer(sent) or _password(sent)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        document = request.document()
        if isinstance(document, list):
            return replace(listed_alerts(document, request.received_at, settings), reply=Reply(200, {}))
        body = require_object(document)
        if line(body.get("version")) != "4":
            raise Invalid("Only version 4 of Alertmanager's webhook can be read, or its list of alerts.")
        return group_of(body, settings)


def _password(sent: str) -> str:
    kind, _, encoded = sent.partition(" ")
    if kind.casefold() != "basic":
        return ""
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[2]
    except (ValueError, UnicodeDecodeError):
        return ""
