"""Azure Monitor's common alert schema, and the metric alerts before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.mapping.reader import detail_of, key_of
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import first_line, labels_of, line, link, links, moment, prose, require_object
from incidents.vocabulary import Severity

_STATES: Final = {
    "fired": AlertState.FIRING,
    "activated": AlertState.FIRING,
    "resolved": AlertState.RESOLVED,
    "deactivated": AlertState.RESOLVED,
    "acknowledged": AlertState.ACKNOWLEDGED,
}
# Azure counts from 0, critical, to 4, verbose.
_SEVERITIES: Final = {
    "0": Severity.SEV1,
    "1": Severity.SEV2,
    "2": Severity.SEV3,
    "3": Severity.SEV4,
    "4": Severity.SEV4,
}
_SCHEMA: Final = "azureMonitorCommonAlertSchema"

_GUIDE: Final = Guide(
    "Azure Monitor, Alerts, Action groups, Actions: Webhook with this address and the common alert schema on",
    "{address}",
    {
        "schemaId": _SCHEMA,
        "data": {
            "essentials": {
                "alertId": "tocsin-test",
                "alertRule": "A test from Tocsin's source page",
                "severity": "Sev2",
                "monitorCondition": "Fired",
                "alertTargetIDs": ["/subscriptions/x/virtualmachines/db-1"],
            }
        },
    },
)


@webhook_format
class AzureMonitor(WebhookFormat):
    """One alert of one rule, fired or resolved."""

    name = "azure-monitor"
    title = "Azure Monitor"
    guide = _GUIDE
    is_alerting = True

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        data = require_object(body.get("data"), "data")
        if isinstance(data.get("essentials"), Mapping):
            return Reading(alerts=(_common(data["essentials"], data),))
        return Reading(alerts=(_metric(data),))


def _state(word: Any, field: str) -> AlertState:
    state = _STATES.get(line(word).casefold())
    if state is None:
        fault = FieldFault(field, "choice", "must be Fired or Resolved")
        raise Invalid("The state of the alert is not known.", faults=[fault])
    return state


def _severity(word: Any) -> Severity | None:
    return _SEVERITIES.get(line(word).casefold().removeprefix("sev"))


def _common(essentials: Mapping[str, Any], data: Mapping[str, Any]) -> Alert:
    state = _state(essentials.get("monitorCondition"), "data.essentials.monitorCondition")
    title, is_over = (
        first_line(essentials.get("alertRule"), essentials.get("description")),
        state == AlertState.RESOLVED,
    )
    key = first_line(essentials.get("alertId"), essentials.get("originAlertId"), title, limit=1000)
    if not key:
        raise Invalid("The alert names neither alertId nor alertRule.")
    items = essentials.get("configurationItems")
    targets = essentials.get("alertTargetIDs")
    target = line(targets[0], 500).rpartition("/")[2] if isinstance(targets, list) and targets else ""
    return Alert(
        key=key_of("alert", key),
        state=state,
        title=title or "Azure alert",
        severity=_severity(essentials.get("severity")),
        severity_word=line(essentials.get("severity")),
        description=prose(essentials.get("description")),
        component=first_line(*(items if isinstance(items, list) else ()), target),
        starts_at=None if is_over else moment(essentials.get("firedDateTime")),
        has_episode_start=True,
        ends_at=moment(essentials.get("resolvedDateTime")) if is_over else None,
        labels=labels_of(
            {
                "signal": essentials.get("signalType"),
                "monitor": essentials.get("monitoringService"),
                "resource_group": essentials.get("targetResourceGroup"),
            }
        ),
        links=links(link(essentials.get("investigationLink"), "Azure")),
        detail=detail_of(dict(data)),
    )


def _metric(data: Mapping[str, Any]) -> Alert:
    """Parse `AzureMonitorMetricAlert` and the like: `data.status` and `data.context`."""
    context = require_object(data.get("context"), "data.context")
    state = _state(data.get("status"), "data.status")
    at, is_over = moment(context.get("timestamp")), state == AlertState.RESOLVED
    key = first_line(context.get("id"), context.get("name"), limit=1000)
    if not key:
        raise Invalid("The alert names neither data.context.id nor data.context.name.")
    return Alert(
        key=key_of("alert", key),
        state=state,
        title=first_line(context.get("name"), key),
        severity=_severity(context.get("severity")),
        severity_word=line(context.get("severity")),
        description=prose(context.get("description")),
        component=first_line(
            context.get("resourceName"), line(context.get("resourceId"), 500).rpartition("/")[2]
        ),
        starts_at=None if is_over else at,
        ends_at=at if is_over else None,
        links=links(link(context.get("portalLink"), "Azure")),
        detail=detail_of(dict(data)),
    )
