"""Prometheus Alertmanager's webhook, version 4: one body tells a whole group of alerts."""

from __future__ import annotations

from typing import Final

from core.errors import Invalid
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.grouped import SAMPLE, group_of
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.parsed import Reading
from detection.webhooks.values import line, require_object

_GUIDE: Final = Guide(
    "alertmanager.yml",
    "route:\n  receiver: tocsin\n\nreceivers:\n  - name: tocsin\n    webhook_configs:\n"
    "      - url: {address}\n        send_resolved: true",
    SAMPLE,
)  # fmt: skip


@webhook_format
class Alertmanager(WebhookFormat):
    """The receiver's `webhook_configs`, with `send_resolved` as it is by default."""

    name = "alertmanager"
    title = "Prometheus Alertmanager"
    guide = _GUIDE
    is_alerting = True

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        if line(body.get("version")) != "4":
            raise Invalid("Only version 4 of Alertmanager's webhook can be read.")
        return group_of(body, settings)
