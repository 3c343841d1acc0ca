"""Google Cloud Monitoring's notification channel "Webhooks"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import is_known
from detection.webhooks.mapping.reader import detail_of, key_of
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import (
    component_in,
    first_line,
    labels_of,
    line,
    link,
    links,
    moment,
    prose,
    require_line,
    require_object,
    severity_of,
)

_STATES: Final = {
    "open": AlertState.FIRING,
    "closed": AlertState.RESOLVED,
    "acknowledged": AlertState.ACKNOWLEDGED,
}

_GUIDE: Final = Guide(
    "Monitoring, Alerting, Edit notification channels, Webhooks: this address as endpoint",
    "{address}",
    {
        "version": "1.2",
        "incident": {
            "incident_id": "tocsin-test",
            "state": "open",
            "policy_name": "Tocsin test",
            "summary": "A test from Tocsin's source page",
            "severity": "Error",
            "started_at": 1767225600,
        },
    },
    signing="Put ?auth_token=<secret> behind the address, with a secret you choose.",
)


@webhook_format
class GoogleCloudMonitoring(WebhookFormat):
    """One incident of one policy, open or closed."""

    name = "google-cloud-monitoring"
    title = "Google Cloud Monitoring"
    guide = _GUIDE
    is_alerting = True
    signs = True

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify `auth_token` in the channel's URL; Google does not sign."""
        return is_known(request.query.get("auth_token", ""), secrets)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        return Reading(alerts=(_alert(require_object(body.get("incident"), "incident")),))


def _alert(incident: Mapping[str, Any]) -> Alert:
    state = _STATES.get(line(incident.get("state")).casefold())
    if state is None:
        fault = FieldFault("incident.state", "choice", "must be open or closed")
        raise Invalid("The state of the incident is not known.", faults=[fault])
    number, is_over = (
        require_line(incident.get("incident_id"), "incident.incident_id"),
        state == AlertState.RESOLVED,
    )
    resource, user = incident.get("resource"), incident.get("policy_user_labels")
    named = resource.get("labels") if isinstance(resource, Mapping) else {}
    labels = {**(named if isinstance(named, Mapping) else {}), **(user if isinstance(user, Mapping) else {})}
    word, notes = line(incident.get("severity")), incident.get("documentation")
    return Alert(
        key=key_of("incident", number),
        state=state,
        title=first_line(
            incident.get("policy_name"), incident.get("condition_name"), incident.get("summary"), number
        ),
        severity=None if word.casefold() in _NO_SEVERITY else severity_of(word),
        severity_word="" if word.casefold() in _NO_SEVERITY else word,
        description="\n\n".join(filter(None, (prose(incident.get("summary")), _content(notes)))),
        component=component_in(labels)
        or first_line(incident.get("resource_display_name"), incident.get("resource_name")),
        starts_at=moment(incident.get("started_at")),
        has_episode_start=True,
        ends_at=moment(incident.get("ended_at")) if is_over else None,
        labels=labels_of(
            labels | {"policy": incident.get("policy_name"), "condition": incident.get("condition_name")}
        ),
        links=links(link(incident.get("url"), "Google Cloud")),
        detail=detail_of(dict(incident)),
    )


def _content(notes: Any) -> str:
    return prose(notes.get("content")) if isinstance(notes, Mapping) else prose(notes)


_NO_SEVERITY: Final = frozenset({"", "no severity", "no_severity"})
