"""How each format says the same things, so that one table of bad input can be tried on all of them."""

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
class Said:
    """One word on an alert (or change) called `name`: with `text` wherever people may write, told `at`."""

    name: str = "a"
    text: str = "Disk is full"
    over: bool = False
    at: Any = None


PLAIN: Final = Said()
Write = Callable[[Said], Any]


@dataclass(frozen=True, slots=True)
class Dialect:
    """`one` writes a body, an object for JSON and a mapping of fields for forms; `many` one with several.

    `kind` is its content type, `taken` the status its sender expects once a body is stored.
    """

    one: Write
    many: Callable[[list[Said]], Any] | None = None
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_change: bool = False
    takes_any_type: bool = False
    taken: int = 202

    @property
    def is_form(self) -> bool:
        """Whether it is sent as a form."""
        return self.kind == FORM

    def body(self, said: Said = PLAIN) -> bytes:
        """The body as it goes over the wire."""
        return self.wire(self.one(said))

    def wire(self, made: Any) -> bytes:
        """What was written, encoded as its sender does."""
        return urlencode(made).encode() if self.is_form else json.dumps(made, ensure_ascii=False).encode()


def _alert(said: Said) -> dict[str, Any]:
    ended = said.at or ago()
    return {
        "status": "resolved" if said.over else "firing", "fingerprint": f"print-{said.name}",
        "startsAt": ago(10) if said.at is None or said.over else said.at,
        "endsAt": ended if said.over else "0001-01-01T00:00:00Z", "generatorURL": "http://prom.test/graph",
        "labels": {"alertname": said.text, "severity": "critical", "instance": said.text, "é": said.text},
        "annotations": {"summary": said.text, "description": said.text, "runbook_url": "javascript:alert(1)"},
    }  # fmt: skip


def _group(many: list[Said], **more: Any) -> dict[str, Any]:
    return group(*(_alert(said) for said in many), **more)


def _pagerduty(said: Said) -> dict[str, Any]:
    return {
        "event_action": "resolve" if said.over else "trigger", "dedup_key": said.name, "client": said.text,
        "client_url": "javascript:alert(1)", "links": [{"href": "javascript:alert(1)", "text": said.text}],
        "payload": {"summary": said.text, "source": said.text, "severity": "error", "timestamp": said.at,
                    "component": said.text, "custom_details": {"é": said.text}},
    }  # fmt: skip


def _opsgenie(said: Said) -> dict[str, Any]:
    return {"message": said.text, "alias": said.name, "priority": "P2", "entity": said.text,
            "description": said.text, "tags": [said.text, "é"], "details": {said.text[:40]: said.text},
            "createdAt": said.at}  # fmt: skip


def _event(said: Said) -> dict[str, Any]:
    return {"specversion": "1.0", "id": said.name, "source": "/db-1", "type": said.text[:200],
            "subject": said.text, "time": said.at or ago(),
            "data": {"message": said.text, "level": "error", "é": said.text}}  # fmt: skip


def _sentry(said: Said) -> dict[str, Any]:
    issue = {"id": said.name, "title": said.text, "culprit": said.text, "level": "error", "shortId": "É-1",
             "project": {"slug": said.text}, "lastSeen": said.at,
             "web_url": "javascript:alert(1)"}  # fmt: skip
    return {"action": "resolved" if said.over else "created", "data": {"issue": issue}}


def _datadog(said: Said) -> dict[str, Any]:
    return {"alert_id": said.name, "transition": "Recovered" if said.over else "Triggered",
            "title": said.text, "alert_type": "error", "body": said.text,
            "tags": f"service:{said.text},é", "date": said.at, "link": "javascript:alert(1)"}  # fmt: skip


def _kuma(said: Said) -> dict[str, Any]:
    beat = {"monitorID": 1, "status": 1 if said.over else 0, "msg": said.text, "time": said.at}
    monitor = {"id": said.name, "name": said.text, "url": "javascript:alert(1)",
               "tags": [{"name": said.text, "value": said.text}]}  # fmt: skip
    return {"heartbeat": beat, "monitor": monitor, "msg": f"é {said.text}"}


def _robot(said: Said) -> dict[str, Any]:
    return {"monitorID": said.name, "monitorFriendlyName": said.text, "alertType": 2 if said.over else 1,
            "alertDetails": f"é {said.text}", "alertDateTime": "" if said.at is None else said.at,
            "monitorURL": "javascript:alert(1)"}  # fmt: skip


def _flat(said: Said) -> dict[str, Any]:
    return {"title": said.text, "component": said.text, "severity": "sev2", "key": said.name,
            "state": "resolved" if said.over else "firing", "description": f"é {said.text}",
            "timestamp": "" if said.at is None else said.at, "url": "javascript:alert(1)"}  # fmt: skip


def _github(said: Said) -> dict[str, Any]:
    status = {"id": said.name, "state": "failure" if said.over else "success", "created_at": said.at,
              "log_url": "javascript:alert(1)"}  # fmt: skip
    return {"deployment_status": status, "repository": {"name": said.text},
            "deployment": {"ref": said.text, "environment": said.text,
                           "creator": {"login": "é"}}}  # fmt: skip


def _gitlab(said: Said) -> dict[str, Any]:
    return {"object_kind": "deployment", "status": "failed" if said.over else "success",
            "deployment_id": said.name, "environment": said.text, "project": {"name": said.text},
            "short_sha": "0000000", "status_changed_at": said.at, "user": {"name": f"é {said.text}"},
            "deployable_url": "javascript:alert(1)"}  # fmt: skip


def _victorops(said: Said) -> dict[str, Any]:
    return {"message_type": "RECOVERY" if said.over else "CRITICAL", "entity_id": said.name,
            "entity_display_name": said.text, "state_message": f"é {said.text}", "hostname": said.text,
            "monitoring_tool": said.text, "state_start_time": said.at,
            "alert_url": "javascript:alert(1)"}  # fmt: skip


def _sns(said: Said) -> dict[str, Any]:
    alarm = {"AlarmName": said.text, "AlarmArn": f"arn:aws:cloudwatch:eu-central-1:1:alarm:{said.name}",
             "AlarmDescription": said.text, "NewStateValue": "OK" if said.over else "ALARM",
             "NewStateReason": f"é {said.text}", "StateChangeTime": said.at, "Region": said.text,
             "Trigger": {"MetricName": said.text,
                         "Dimensions": [{"name": said.text, "value": said.text}]}}  # fmt: skip
    topic = "arn:aws:sns:eu-central-1:1:alarms"
    return {"Type": "Notification", "MessageId": said.name, "TopicArn": topic, "Subject": f"é {said.text}",
            "Message": json.dumps(alarm, ensure_ascii=False)}  # fmt: skip


def _azure(said: Said) -> dict[str, Any]:
    essentials = {"alertId": said.name, "alertRule": said.text, "severity": "Sev1", "signalType": said.text,
                  "monitorCondition": "Resolved" if said.over else "Fired", "firedDateTime": said.at,
                  "resolvedDateTime": said.at if said.over else None, "description": f"é {said.text}",
                  "alertTargetIDs": [f"/subscriptions/x/{said.text}"],
                  "investigationLink": "javascript:alert(1)"}  # fmt: skip
    return {"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials}}


def _google(said: Said) -> dict[str, Any]:
    incident = {"incident_id": said.name, "state": "closed" if said.over else "open", "severity": "Error",
                "policy_name": said.text, "condition_name": said.text, "summary": f"é {said.text}",
                "started_at": None if said.over else said.at, "ended_at": said.at if said.over else None,
                "resource_display_name": said.text, "documentation": {"content": said.text},
                "url": "javascript:alert(1)"}  # fmt: skip
    return {"version": "1.2", "incident": incident}


DIALECTS: Final[Mapping[str, Dialect]] = {
    "alertmanager": Dialect(lambda said: _group([said]), _group),
    "grafana": Dialect(
        lambda said: _group([said], version="1"), lambda many: _group(many, version="1", orgId=1)
    ),
    "pagerduty": Dialect(_pagerduty),
    "opsgenie": Dialect(_opsgenie),
    "cloudevents": Dialect(
        _event, lambda many: [_event(said) for said in many], "application/cloudevents+json",
        takes_any_type=True,
    ),
    "sentry": Dialect(_sentry, headers={"sentry_hook_resource": "issue"}),
    "datadog": Dialect(_datadog),
    "uptime-kuma": Dialect(_kuma),
    "uptimerobot": Dialect(_robot, kind=FORM),
    "generic": Dialect(_flat, lambda many: [_flat(said) for said in many]),
    "form": Dialect(_flat, kind=FORM),
    "github": Dialect(_github, headers={"x_github_event": "deployment_status"}, is_change=True),
    "gitlab": Dialect(_gitlab, is_change=True),
    "victorops": Dialect(_victorops, taken=200),
    "sns": Dialect(_sns, kind="text/plain"),
    "azure-monitor": Dialect(_azure),
    "google-cloud-monitoring": Dialect(_google),
}  # fmt: skip


def tell(sender: Sender, body: bytes, *, kind: str = "", **headers: str) -> Any:
    """Post a body as the format of that sender does."""
    dialect = DIALECTS[sender.source.kind]
    return sender.post(body, kind=kind or dialect.kind, **{**dialect.headers, **headers})
