"""UptimeRobot's alert contact "Webhook", with its default variables as a form, as JSON or in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.form_data import MULTIPART, URLENCODED, form_values
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.mapping.reader import detail_of, key_of
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import (
    first_line,
    line,
    link,
    links,
    moment,
    prose,
    require_line,
    require_object,
)
from incidents.vocabulary import IncidentType, Severity

DOWN, UP, EXPIRES = "1", "2", "3"
_WORDS: Final = {DOWN: "is down", UP: "is up again", EXPIRES: "has a certificate that expires"}
_SEVERITIES: Final = {DOWN: Severity.SEV2, UP: Severity.SEV2, EXPIRES: Severity.SEV4}

_GUIDE: Final = Guide(
    "Integrations, Webhook: URL to notify, with default variables as POST parameters",
    "{address}",
    "monitorID=0&monitorFriendlyName=Tocsin+test&alertType=1&alertDetails=A+test",
    URLENCODED,
)


@webhook_format
class UptimeRobot(WebhookFormat):
    """One monitor: down, up, or with a certificate about to expire."""

    name = "uptimerobot"
    title = "UptimeRobot"
    guide = _GUIDE
    is_alerting = True
    methods = ("POST", "PUT", "GET")
    content_types = frozenset({"application/json", MULTIPART, URLENCODED, ""})

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = _body(request)
        kind = line(body.get("alertType"))
        if kind not in _WORDS:
            fault = FieldFault("alertType", "choice", "must be 1 (down), 2 (up) or 3 (certificate)")
            raise Invalid("The alertType is not known.", faults=[fault])
        return Reading(alerts=(_alert(body, kind),))


def _body(request: WebhookRequest) -> Mapping[str, Any]:
    """Return the source of the variables: the body, else the URL."""
    if not request.body.strip():
        return request.query
    return require_object(
        form_values(request) if request.content_type in (MULTIPART, URLENCODED) else request.document()
    )


def _alert(body: Mapping[str, Any], kind: str) -> Alert:
    monitor = require_line(body.get("monitorID"), "monitorID")
    name = first_line(body.get("monitorFriendlyName"), body.get("monitorURL"), monitor)
    at, is_over = moment(body.get("alertDateTime")), kind == UP
    return Alert(
        key=key_of("certificate" if kind == EXPIRES else "monitor", monitor),
        state=AlertState.RESOLVED if is_over else AlertState.FIRING,
        title=line(f"{name} {_WORDS[kind]}"),
        severity=_SEVERITIES[kind],
        severity_word="certificate" if kind == EXPIRES else "down",
        description=prose(body.get("alertDetails")),
        component=name,
        incident_type=IncidentType.SERVICE_DOWN if kind != EXPIRES else IncidentType.OTHER,
        starts_at=None if is_over else at,
        ends_at=at if is_over else None,
        links=links(link(body.get("monitorURL"), name)),
        detail=detail_of(dict(body)),
    )
