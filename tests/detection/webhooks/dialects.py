"""The same alert in each format, so that one table of bad input can be tried on all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from tests.detection.webhooks.senders import Sender, ago, group

FORM: Final = "application/x-www-form-urlencoded"
SCRIPT: Final = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@dataclass(frozen=True, slots=True)
class AlertSample:
    """One report on an alert (or change) called `name`: with `text` in every free-text field, sent `at`."""

    name: str = "a"
    text: str = "Disk is full"
    over: bool = False
    at: Any = None


PLAIN: Final = AlertSample()
Write = Callable[[AlertSample], Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """`one` writes a body, an object for JSON and a mapping of fields for forms; `many` one with several.

    `kind` is its content type, `taken` the status its sender expects once a body is stored.
    """

    one: Write
    many: Callable[[list[AlertSample]], Any] | None = None
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_change: bool = False
    takes_any_type: bool = False
    taken: int = 202

    @property
    def is_form(self) -> bool:
        """Whether it is sent as a form."""
        return self.kind == FORM

    def body(self, item: AlertSample = PLAIN) -> bytes:
        """The body as it goes over the wire."""
        return self.wire(self.one(item))

    def wire(self, made: Any) -> bytes:
        """What was written, encoded as its sender does."""
        return urlencode(made).encode() if self.is_form else json.dumps(made, ensure_ascii=False).encode()


def _alert(item: AlertSample) -> dict[str, Any]:
    ended = item.at or ago()
    return {
        "status": "resolved" if item.over else "firing", "fingerprint": f"print-{item.name}",
        "startsAt": ago(10) if item.at is None or item.over else item.at,
        "endsAt": ended if item.over else "0001-01-01T00:00:00Z", "generatorURL": "http://prom.test/graph",
        "labels": {"alertname": item.text, "severity": "critical", "instance": item.text, "é": item.text},
        "annotations": {"summary": item.text, "description": item.text, "runbook_url": "javascript:alert(1)"},
    }  # fmt: skip


def _group(many: list[AlertSample], **more: Any) -> dict[str, Any]:
    return group(*(_alert(item) for item in many), **more)


def _pagerduty(item: AlertSample) -> dict[str, Any]:
    return {
        "event_action": "resolve" if item.over else "trigger", "dedup_key": item.name, "client": item.text,
        "client_url": "javascript:alert(1)", "links": [{"href": "javascript:alert(1)", "text": item.text}],
        "payload": {"summary": item.text, "source": item.text, "severity": "error", "timestamp": item.at,
                    "component": item.text, "custom_details": {"é": item.text}},
    }  # fmt: skip


def _opsgenie(item: AlertSample) -> dict[str, Any]:
    return {"message": item.text, "alias": item.name, "priority": "P2", "entity": item.text,
            "description": item.text, "tags": [item.text, "é"], "details": {item.text[:40]: item.text},
            "createdAt": item.at}  # fmt: skip


def _event(item: AlertSample) -> dict[str, Any]:
    return {"specversion": "1.0", "id": item.name, "source": "/db-1", "type": item.text[:200],
            "subject": item.text, "time": item.at or ago(),
            "data": {"message": item.text, "level": "error", "é": item.text}}  # fmt: skip


def _sentry(item: AlertSample) -> dict[str, Any]:
    issue = {"id": item.name, "title": item.text, "culprit": item.text, "level": "error", "shortId": "É-1",
             "project": {"slug": item.text}, "lastSeen": item.at,
             "web_url": "javascript:alert(1)"}  # fmt: skip
    return {"action": "resolved" if item.over else "created", "data": {"issue": issue}}


def _datadog(item: AlertSample) -> dict[str, Any]:
    return {"alert_id": item.name, "transition": "Recovered" if item.over else "Triggered",
            "title": item.text, "alert_type": "error", "body": item.text,
            "tags": f"service:{item.text},é", "date": item.at, "link": "javascript:alert(1)"}  # fmt: skip


def _kuma(item: AlertSample) -> dict[str, Any]:
    beat = {"monitorID": 1, "status": 1 if item.over else 0, "msg": item.text, "time": item.at}
    monitor = {"id": item.name, "name": item.text, "url": "javascript:alert(1)",
               "tags": [{"name": item.text, "value": item.text}]}  # fmt: skip
    return {"heartbeat": beat, "monitor": monitor, "msg": f"é {item.text}"}


def _robot(item: AlertSample) -> dict[str, Any]:
    return {"monitorID": item.name, "monitorFriendlyName": item.text, "alertType": 2 if item.over else 1,
            "alertDetails": f"é {item.text}", "alertDateTime": "" if item.at is None else item.at,
            "monitorURL": "javascript:alert(1)"}  # fmt: skip


def _flat(item: AlertSample) -> dict[str, Any]:
    return {"title": item.text, "component": item.text, "severity": "sev2", "key": item.name,
            "state": "resolved" if item.over else "firing", "description": f"é {item.text}",
            "timestamp": "" if item.at is None else item.at, "url": "javascript:alert(1)"}  # fmt: skip


def _github(item: AlertSample) -> dict[str, Any]:
    status = {"id": item.name, "state": "failure" if item.over else "success", "created_at": item.at,
              "log_url": "javascript:alert(1)"}  # fmt: skip
    return {"deployment_status": status, "repository": {"name": item.text},
            "deployment": {"ref": item.text, "environment": item.text,
                           "creator": {"login": "é"}}}  # fmt: skip


def _gitlab(item: AlertSample) -> dict[str, Any]:
    return {"object_kind": "deployment", "status": "failed" if item.over else "success",
            "deployment_id": item.name, "environment": item.text, "project": {"name": item.text},
            "short_sha": "0000000", "status_changed_at": item.at, "user": {"name": f"é {item.text}"},
            "deployable_url": "javascript:alert(1)"}  # fmt: skip


def _victorops(item: AlertSample) -> dict[str, Any]:
    return {"message_type": "RECOVERY" if item.over else "CRITICAL", "entity_id": item.name,
            "entity_display_name": item.text, "state_message": f"é {item.text}", "hostname": item.text,
            "monitoring_tool": item.text, "state_start_time": item.at,
            "alert_url": "javascript:alert(1)"}  # fmt: skip


def _sns(item: AlertSample) -> dict[str, Any]:
    alarm = {"AlarmName": item.text, "AlarmArn": f"arn:aws:cloudwatch:eu-central-1:1:alarm:{item.name}",
             "AlarmDescription": item.text, "NewStateValue": "OK" if item.over else "ALARM",
             "NewStateReason": f"é {item.text}", "StateChangeTime": item.at, "Region": item.text,
             "Trigger": {"MetricName": item.text,
                         "Dimensions": [{"name": item.text, "value": item.text}]}}  # fmt: skip
    topic = "arn:aws:sns:eu-central-1:1:alarms"
    return {"Type": "Notification", "MessageId": item.name, "TopicArn": topic, "Subject": f"é {item.text}",
            "Message": json.dumps(alarm, ensure_ascii=False)}  # fmt: skip


def _azure(item: AlertSample) -> dict[str, Any]:
    essentials = {"alertId": item.name, "alertRule": item.text, "severity": "Sev1", "signalType": item.text,
                  "monitorCondition": "Resolved" if item.over else "Fired", "firedDateTime": item.at,
                  "resolvedDateTime": item.at if item.over else None, "description": f"é {item.text}",
                  "alertTargetIDs": [f"/subscriptions/x/{item.text}"],
                  "investigationLink": "javascript:alert(1)"}  # fmt: skip
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials}}


def _google(item: AlertSample) -> dict[str, Any]:
    incident = {"incident_id": item.name, "state": "closed" if item.over else "open", "severity": "Error",
                "policy_name": item.text, "condition_name": item.text, "summary": f"é {item.text}",
                "started_at": None if item.over else item.at, "ended_at": item.at if item.over else None,
                "resource_display_name": item.text, "documentation": {"content": item.text},
                "url": "javascript:alert(1)"}  # fmt: skip
    return {"version": "1.2", "incident": incident}


DIALECTS: Final[Mapping[str, Dialect]] = {
    "alertmanager": Dialect(lambda item: _group([item]), _group),
    "grafana": Dialect(
        lambda item: _group([item], version="1"), lambda many: _group(many, version="1", orgId=1)
    ),
    "pagerduty": Dialect(_pagerduty),
    "opsgenie": Dialect(_opsgenie),
    "cloudevents": Dialect(
        _event, lambda many: [_event(item) for item in many], "application/cloudevents+json",
        takes_any_type=True,
    ),
    "sentry": Dialect(_sentry, headers={"sentry_hook_resource": "issue"}),
    "datadog": Dialect(_datadog),
    "uptime-kuma": Dialect(_kuma),
    "uptimerobot": Dialect(_robot, kind=FORM),
    "generic": Dialect(_flat, lambda many: [_flat(item) for item in many]),
    "form": Dialect(_flat, kind=FORM),
    "github": Dialect(_github, headers={"x_github_event": "deployment_status"}, is_change=True),
    "gitlab": Dialect(_gitlab, is_change=True),
    "victorops": Dialect(_victorops, taken=200),
    "sns": Dialect(_sns, kind="text/plain"),
    "azure-monitor": Dialect(_azure),
    "google-cloud-monitoring": Dialect(_google),
}  # fmt: skip


def send(sender: Sender, body: bytes, *, kind: str = "", **headers: str) -> Any:
    """Post a body as the format of that sender does."""
    dialect = DIALECTS[sender.source.kind]
    return sender.post(body, kind=kind or dialect.kind, **{**dialect.headers, **headers})
