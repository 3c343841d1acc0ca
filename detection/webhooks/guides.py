"""For each webhook format: what to paste into the sender, and a body to try it with. Plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from detection.webhooks.formats.datadog import TEMPLATE
from detection.webhooks.forms import URLENCODED

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Guide:
    """`where`: where in the sender it is set. `snippet`: what to paste, with {address}, {base} and {key} to
    be filled in. `body`: a request that fires, sent as `content_type` with `headers`, for the test.
    `signing`: where the sender's secret comes from; empty where it cannot sign.
    """

    where: str
    snippet: str
    body: Any
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    signing: str = ""

    @property
    def text(self) -> str:
        """The body as text, JSON set out over lines."""
        return (
            self.body if isinstance(self.body, str) else json.dumps(self.body, indent=2, ensure_ascii=False)
        )


_CURL: Final = """curl -X POST '{address}' \\
  -H 'Content-Type: application/json' \\
  -d '{"title": "Disk is full", "component": "db-1", "severity": "sev2", "state": "firing",
       "key": "disk-db-1"}'

# and when it is over:
curl -X POST '{address}' \\
  -H 'Content-Type: application/json' \\
  -d '{"title": "Disk is full", "component": "db-1", "state": "resolved", "key": "disk-db-1"}'"""
_FLAT: Final = {
    "title": "Disk is full", "component": "db-1", "severity": "sev2", "state": "firing", "key": "tocsin-test",
    "dedup_key": "tocsin-test", "description": "A test from Tocsin's source page.",
}  # fmt: skip
_ALERT: Final = {
    "status": "firing", "fingerprint": "tocsin-test", "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "",
    "labels": {"alertname": "TocsinTest", "severity": "critical", "instance": "db-1"},
    "annotations": {"summary": "A test from Tocsin's source page"},
}  # fmt: skip
_GROUP: Final = {
    "version": "4", "groupKey": '{}:{alertname="TocsinTest"}', "truncatedAlerts": 0, "status": "firing",
    "receiver": "tocsin", "groupLabels": {"alertname": "TocsinTest"}, "commonLabels": {},
    "commonAnnotations": {}, "externalURL": "", "alerts": [_ALERT],
}  # fmt: skip
_CHOOSE: Final = "Choose a secret, set it in the sender and here."

GUIDES: Final[Mapping[str, Guide]] = {
    "alertmanager": Guide(
        "alertmanager.yml",
        "route:\n  receiver: tocsin\n\nreceivers:\n  - name: tocsin\n    webhook_configs:\n"
        "      - url: {address}\n        send_resolved: true",
        _GROUP,
    ),
    "grafana": Guide(
        "Alerting, Contact points, Add: integration Webhook; or as a provisioning file",
        "apiVersion: 1\ncontactPoints:\n  - orgId: 1\n    name: tocsin\n    receivers:\n      - uid: tocsin\n"
        "        type: webhook\n        settings:\n          url: {address}\n          httpMethod: POST",
        _GROUP | {"version": "1", "orgId": 1, "title": "[FIRING:1] TocsinTest", "state": "alerting",
                  "message": ""},
    ),
    "pagerduty": Guide(
        "Anything that speaks PagerDuty's Events API v2: its address and the routing key",
        "curl -X POST '{base}/v2/enqueue' \\\n  -H 'Content-Type: application/json' \\\n"
        "  -d '{\"routing_key\": \"{key}\", \"event_action\": \"trigger\", \"dedup_key\": \"disk-db-1\",\n"
        '       "payload": {"summary": "Disk is full", "source": "db-1", "severity": "error"}}\'',
        {"routing_key": "in-the-address", "event_action": "trigger", "dedup_key": "tocsin-test",
         "payload": {"summary": "A test from Tocsin's source page", "source": "db-1", "severity": "error"}},
    ),
    "opsgenie": Guide(
        "Anything that speaks Opsgenie's Alert API: its address and the API key",
        "curl -X POST '{base}/v2/alerts' \\\n  -H 'Authorization: GenieKey {key}' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        "  -d '{\"message\": \"Disk is full\", \"alias\": \"disk-db-1\", \"priority\": \"P2\"}'",
        {"message": "A test from Tocsin's source page", "alias": "tocsin-test", "priority": "P2",
         "entity": "db-1"},
    ),
    "cloudevents": Guide(
        "Event Grid, Knative, Argo or your own code: the address of a web hook",
        "curl -X POST '{address}' \\\n  -H 'Content-Type: application/cloudevents+json' \\\n"
        '  -d \'{"specversion": "1.0", "id": "1", "source": "/db-1", "type": "disk.full",\n'
        '       "data": {"message": "Disk is full", "level": "error"}}\'',
        {"specversion": "1.0", "id": "tocsin-test", "source": "/db-1", "type": "tocsin.test",
         "data": {"message": "A test from Tocsin's source page", "level": "error"}},
        "application/cloudevents+json", signing="The sender puts it into Authorization: Bearer …",
    ),
    "sentry": Guide(
        "Settings, Developer Settings, New Internal Integration: Webhook URL, with Alert Rule Action and the "
        "resource issue switched on",
        "{address}",
        {"action": "triggered", "data": {"event": {"issue_id": "tocsin-test", "level": "error", "title":
         "A test from Tocsin's source page", "url": "https://sentry.io/api/0/projects/acme/checkout/events/1/"},
         "triggered_rule": "Test"}, "actor": {"type": "application", "id": "sentry", "name": "Sentry"}},
        headers={"sentry-hook-resource": "event_alert"},
        signing="Copy the Client Secret from the integration's page in Sentry.",
    ),
    "datadog": Guide(
        "Integrations, Webhooks, New: the address as URL, this as Payload; then @webhook-tocsin in a monitor",
        "URL: {address}\n\nPayload:\n" + json.dumps(TEMPLATE, indent=2),
        {"alert_id": "tocsin-test", "transition": "Triggered", "alert_type": "error", "priority": "P2",
         "title": "A test from Tocsin's source page", "scope": "host:db-1", "tags": "service:orders-db"},
        signing='Choose a secret; in Datadog add the custom header {"Authorization": "Bearer <secret>"}.',
    ),
    "uptime-kuma": Guide(
        "Settings, Notifications, Setup: type Webhook, request body Preset application/json",
        "{address}",
        {"heartbeat": {"monitorID": 0, "status": 0, "msg": "A test from Tocsin's source page"},
         "monitor": {"id": 0, "name": "Tocsin test"}, "msg": "down"},
    ),
    "uptimerobot": Guide(
        "Integrations, Webhook: URL to notify, with default variables as POST parameters",
        "{address}",
        "monitorID=0&monitorFriendlyName=Tocsin+test&alertType=1&alertDetails=A+test",
        URLENCODED,
    ),
    "github": Guide(
        "Repository or organization settings, Webhooks, Add: content type application/json; let it send "
        "deployment statuses and releases",
        "{address}",
        {"deployment_status": {"id": 0, "state": "success"}, "deployment": {"ref": "main", "environment":
         "production"}, "repository": {"name": "tocsin-test"}},
        headers={"x-github-event": "deployment_status"}, signing=_CHOOSE,
    ),
    "gitlab": Guide(
        "Project settings, Webhooks: triggers deployment events, releases and feature flags",
        "{address}",
        {"object_kind": "deployment", "status": "success", "deployment_id": 0, "environment": "production",
         "project": {"name": "tocsin-test"}, "short_sha": "0000000"},
        signing=_CHOOSE,
    ),
    "form": Guide(
        "Any program that posts a form",
        "curl '{address}' -d title='Backup failed' -d component=nas -d state=firing -d key=backup",
        "title=A+test+from+the+source+page&component=nas&state=firing&dedup_key=tocsin-test",
        URLENCODED, signing="The sender signs the body; say how in the mapping.",
    ),
    "generic": Guide(
        "Any program that posts JSON", _CURL, _FLAT,
        signing="The sender signs the body; say how in the mapping."
    ),
}  # fmt: skip


def guide_for(kind: str) -> Guide:
    """The guide of a format, or that of any JSON."""
    return GUIDES.get(kind, GUIDES["generic"])


def filled(snippet: str, *, base: str, address: str, key: str) -> str:
    """The snippet with a source's address in it; other braces are left alone."""
    return snippet.replace("{address}", address).replace("{base}", base).replace("{key}", key)
