"""Amazon SNS: CloudWatch alarms and, by a field mapping, any other message of a topic."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from core.errors import FieldFault, Invalid, Malformed
from core.http.strict_json import load
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.mapping.definition import parse_mapping
from detection.webhooks.mapping.reader import key_of, read_mapped
from detection.webhooks.parsed import Alert, AlertState, Reading, Subscription
from detection.webhooks.values import (
    first_line,
    labels_of,
    line,
    moment,
    prose,
    require_object,
    severity_of,
    type_of,
)
from incidents.vocabulary import IncidentType

_STATES: Final = {"alarm": AlertState.FIRING, "ok": AlertState.RESOLVED}
_QUIET: Final = "insufficient_data"
_HOST: Final = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
_SEVERITY: Final = re.compile(r"\b(sev-?[0-5]|p[0-5]|critical|warning)\b", re.IGNORECASE)

_GUIDE: Final = Guide(
    "Amazon SNS, the topic of the alarms, Create subscription: protocol HTTPS, this address as endpoint, raw "
    "message delivery off; then confirm the topic on this page",
    "{address}",
    {
        "Type": "Notification",
        "MessageId": "tocsin-test",
        "TopicArn": "arn:aws:sns:eu-central-1:111122223333:alarms",
        "Message": json.dumps(
            {"AlarmName": "Tocsin test", "NewStateValue": "ALARM", "NewStateReason": "A test"}
        ),
    },
    "text/plain",
)


@webhook_format
class Sns(WebhookFormat):
    """One message of a topic. A subscription stays unconfirmed until an admin opens the URL that SNS sent."""

    name = "sns"
    title = "Amazon SNS and CloudWatch"
    guide = _GUIDE
    is_alerting = True
    is_mapped = True
    content_types = frozenset({"text/plain", "application/json", ""})
    stored_headers = ("x-amz-sns",)

    def check_mapping(self, mapping: Mapping[str, Any]) -> None:
        parse_mapping(mapping)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        body = require_object(request.document())
        kind = line(body.get("Type")) or line(request.headers.get("x-amz-sns-message-type"))
        if kind == "SubscriptionConfirmation":
            return Reading(subscriptions=(_subscription(body),))
        if kind == "UnsubscribeConfirmation":
            return Reading()
        subscriptions = (Subscription(line(body.get("TopicArn"), 300)),) if body.get("TopicArn") else ()
        message = _message(body) if kind == "Notification" else body
        if set(settings.mapping) - {"severities"}:
            found = read_mapped(parse_mapping(settings.mapping), {**body, "Message": message})
            return Reading(
                found.events, found.alerts, found.changes, found.faults, subscriptions=subscriptions
            )
        state = _state(message)
        return Reading(alerts=(_alarm(message, body, state),) if state else (), subscriptions=subscriptions)


def _subscription(body: Mapping[str, Any]) -> Subscription:
    """Return the topic and its URL, which must be one of Amazon SNS itself. Raises Invalid."""
    address, topic = line(body.get("SubscribeURL"), 2000), line(body.get("TopicArn"), 300)
    parts = urlsplit(address)
    if parts.scheme != "https" or not _HOST.fullmatch(parts.hostname or "") or parts.port or parts.username:
        fault = FieldFault("SubscribeURL", "host", "must be https://sns.<region>.amazonaws.com")
        raise Invalid("The subscription is not of Amazon SNS.", faults=[fault])
    if not topic:
        raise Invalid("The subscription names no TopicArn.")
    return Subscription(topic, address)


def _message(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the message, parsed if it is JSON; plain text is stored under `text`."""
    message = body.get("Message")
    if isinstance(message, Mapping):
        return message
    try:
        found = load(prose(message).encode())
    except (Malformed, Invalid):
        found = None
    return found if isinstance(found, Mapping) else {"text": prose(message)}


def _state(message: Mapping[str, Any]) -> AlertState | None:
    """Return firing, resolved, or None without data. Raises Invalid if it is no alarm."""
    word = line(message.get("NewStateValue")).casefold()
    if not line(message.get("AlarmName")) or (word not in _STATES and word != _QUIET):
        fault = FieldFault("Message", "type", "is no alarm of CloudWatch; a field mapping can read it")
        raise Invalid("The message is no alarm of CloudWatch. Give this source a mapping.", faults=[fault])
    return _STATES.get(word)


def _alarm(message: Mapping[str, Any], body: Mapping[str, Any], state: AlertState) -> Alert:
    name, trigger = line(message["AlarmName"]), message.get("Trigger")
    trigger = trigger if isinstance(trigger, Mapping) else {}
    dimensions = _dimensions(trigger)
    at, is_over = moment(message.get("StateChangeTime")), state == AlertState.RESOLVED
    word = _SEVERITY.search(f"{name} {line(message.get('AlarmDescription'), 500)}")
    return Alert(
        key=key_of(
            "alarm", first_line(message.get("AlarmArn"), limit=500) or f"{line(body.get('TopicArn'))}:{name}"
        ),
        state=state,
        title=name,
        severity=severity_of(word[1]) if word else None,
        severity_word=word[1] if word else "",
        description="\n\n".join(
            filter(None, (prose(message.get("AlarmDescription")), prose(message.get("NewStateReason"))))
        ),
        component=first_line(*dimensions.values()),
        incident_type=type_of(message.get("incident_type")) or IncidentType.OTHER,
        starts_at=None if is_over else at,
        ends_at=at if is_over else None,
        has_episode_start=True,
        labels=labels_of(
            {
                "region": message.get("Region"),
                "account": message.get("AWSAccountId"),
                "metric": trigger.get("MetricName"),
                "namespace": trigger.get("Namespace"),
                **dimensions,
            }
        ),
        detail=dict(message),
    )


def _dimensions(trigger: Mapping[str, Any]) -> dict[str, str]:
    """Convert dimensions: `[{"name": "InstanceId", "value": "i-1"}]` -> {"InstanceId": "i-1"}."""
    listed = trigger.get("Dimensions")
    found = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return {
        first_line(one.get("name"), one.get("Name")): first_line(one.get("value"), one.get("Value"))
        for one in found
    }
