"""Senders and the bodies they post."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.test import Client

if TYPE_CHECKING:  # models may be imported only after the servers run
    from detection.models import Source, SourceAlert
    from incidents.models import Incident


@dataclass
class Sender:
    """A source and its key; `post` sends as its sender does."""

    source: Source
    key: str
    browser: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    @property
    def address(self) -> str:
        return f"/api/v1/webhooks/{self.source.kind}/{self.key}"

    def post(self, body: Any, *, address: str = "", kind: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.browser.generic("POST", address or self.address, data, content_type=kind, headers=named)

    def incidents(self) -> list[Incident]:
        from incidents.models import Incident

        return list(Incident.objects.of(self.source.workspace_id).order_by("number"))

    def only_incident(self) -> Incident:
        [incident] = self.incidents()
        return incident

    def alerts(self) -> dict[str, SourceAlert]:
        from detection.models import SourceAlert

        return {row.key: row for row in SourceAlert.objects.of(self.source.workspace_id).order_by("key")}


def ago(minutes: float = 0.0, **more: float) -> str:
    """A time before now as senders write it."""
    return (datetime.now(UTC) - timedelta(minutes=minutes, **more)).isoformat()


STARTED = ago(10)


def group(*alerts: dict[str, Any], key: str = '{}:{alertname="DiskFull"}', **more: Any) -> dict[str, Any]:
    """A notification of Alertmanager on one group; the group fires while one of its alerts does."""
    status = "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved"
    return {
        "version": "4", "groupKey": key, "truncatedAlerts": 0, "status": status, "receiver": "tocsin",
        "groupLabels": {"alertname": "DiskFull"}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://am.test:9093", "alerts": list(alerts),
    } | more  # fmt: skip


def burning(
    name: str = "a", *, start: str | None = None, severity: str = "critical", **more: Any
) -> dict[str, Any]:
    """An alert that fires on the host `name`."""
    return {
        "status": "firing", "fingerprint": f"print-{name}", "startsAt": start or STARTED,
        "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://prom.test/graph",
        "labels": {"alertname": "DiskFull", "severity": severity, "instance": name},
        "annotations": {"summary": f"Disk of {name} is full"},
    } | more  # fmt: skip


def over(name: str = "a", *, end: str | None = None, **more: Any) -> dict[str, Any]:
    """The same alert once it is resolved."""
    return burning(name, **more) | {"status": "resolved", "endsAt": end or ago()}
