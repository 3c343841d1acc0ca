"""Grafana: unified alerting, which sends a group like Alertmanager, and the legacy alerts before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.errors import Invalid
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.grouped import (
    LARGE_BODY,
    SAMPLE,
    component_of,
    group_of,
    severity_from,
    severity_word,
)
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import is_signed
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import first_line, labels_of, line, link, links, prose, require_object

SIGNATURE: Final = "x-grafana-alerting-signature"
# With this header the signature is of the time, a colon and the body; the team chooses its name.
TIMESTAMP: Final = "x-grafana-alerting-timestamp"
LEGACY: Final = {
    "alerting": AlertState.FIRING, "no_data": AlertState.FIRING, "ok": AlertState.RESOLVED,
}  # fmt: skip

_GUIDE: Final = Guide(
    "Alerting, Contact points, Add: integration Webhook; or as a provisioning file",
    "apiVersion: 1\ncontactPoints:\n  - orgId: 1\n    name: tocsin\n    receivers:\n      - uid: tocsin\n"
    "        type: webhook\n        settings:\n          url: {address}\n          httpMethod: POST",
    SAMPLE | {"version": "1", "orgId": 1, "title": "[FIRING:1] TocsinTest", "state": "alerting",
              "message": ""},
)  # fmt: skip


@webhook_format
class Grafana(WebhookFormat):
    """The contact point "Webhook"; its HMAC signature is verified if the source has secrets."""

    name = "grafana"
    title = "Grafana"
    guide = _GUIDE
    max_body = LARGE_BODY
    is_alerting = True
    signs = True

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        stamp = request.headers.get(TIMESTAMP, "")
        signed = f"{stamp}:".encode() + request.raw if stamp else request.raw
        return is_signed(signed, request.headers.get(SIGNATURE, ""), secrets)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        if isinstance(body.get("alerts"), list) or "groupKey" in body:
            return group_of(body, settings, is_named=False)
        return _legacy(body, settings)


def _legacy(body: Mapping[str, Any], settings: SourceSettings) -> Reading:
    """Parse one rule in one body. Intermediate states ("pending", "paused") are stored as events."""
    rule, state = first_line(body.get("ruleId"), body.get("ruleName")), line(body.get("state")).lower()
    if not rule or not state:
        raise Invalid("A legacy notification needs ruleId or ruleName, and state.")
    name = first_line(body.get("ruleName"), body.get("title"), rule)
    labels = labels_of(body.get("tags"))
    if state not in LEGACY:
        event = {"source": component_of(labels) or name, "type": f"grafana.{state}"[:200]}
        return Reading(events=({**event, "message": f"{name}: {state}", "metadata": dict(body)},))
    alert = Alert(
        key=f"rule:{line(body.get('orgId'))}:{rule}",
        state=LEGACY[state],
        title=f"{name}: no data" if state == "no_data" else name,
        severity=severity_from(labels, settings),
        severity_word=severity_word(labels),
        description=prose(body.get("message")),
        component=component_of(labels) or name,
        labels=labels,
        links=links(link(body.get("ruleUrl"), "Rule"), link(body.get("imageUrl"), "Image")),
        detail={name: value for name, value in body.items() if name not in {"message", "tags"}},
    )
    return Reading(alerts=(alert,))
