"""Datadog's Webhooks integration, with the payload template published in docs/howto/point-senders-here.md."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from core.errors import FieldFault, Invalid
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.form_data import URLENCODED, form_values
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import bearer, is_known
from detection.webhooks.mapping.reader import detail_of, key_of
from detection.webhooks.own_words import own_severities
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import (
    first_line,
    labels_of,
    line,
    link,
    links,
    moment,
    named,
    prose,
    require_object,
)
from incidents.vocabulary import Severity

TEMPLATE: Final = {
    "alert_id": "$ALERT_ID", "transition": "$ALERT_TRANSITION", "alert_type": "$ALERT_TYPE",
    "title": "$ALERT_TITLE", "event_title": "$EVENT_TITLE", "body": "$TEXT_ONLY_MSG",
    "priority": "$ALERT_PRIORITY", "scope": "$ALERT_SCOPE", "status": "$ALERT_STATUS",
    "metric": "$ALERT_METRIC",
    "query": "$ALERT_QUERY", "host": "$HOSTNAME", "tags": "$TAGS", "link": "$LINK", "snapshot": "$SNAPSHOT",
    "date": "$DATE", "last_updated": "$LAST_UPDATED", "cycle_key": "$ALERT_CYCLE_KEY",
    "aggregation_key": "$AGGREG_KEY", "event_type": "$EVENT_TYPE", "event_id": "$ID", "org": "$ORG_NAME",
}  # fmt: skip
# `[P3] [Triggered on {host:web-2}] Memory is low`, as Datadog writes titles.
_HEADING: Final = re.compile(
    r"^\s*(?:\[(?P<priority>P[1-5])\]\s*)?"
    r"(?:\[(?P<transition>(?:Re-)?(?:Triggered|Warn|No Data|Recovered)|Renotify)"
    r"(?:\s+on\s+\{(?P<scope>[^}]*)\})?\]\s*)(?P<title>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_FIRING: Final = ("triggered", "re-triggered", "warn", "re-warn", "no data", "re-no data", "renotify")
_TYPES: Final = {"error": Severity.SEV2, "warning": Severity.SEV3, "info": Severity.SEV4}
_PRIORITIES: Final = {
    "p1": Severity.SEV1, "p2": Severity.SEV2, "p3": Severity.SEV3, "p4": Severity.SEV4, "p5": Severity.SEV4,
}  # fmt: skip
_EMPTY: Final = frozenset({"", "null", "none", "n/a"})

_GUIDE: Final = Guide(
    "Integrations, Webhooks, New: the address as URL, this as Payload; then @webhook-tocsin in a monitor",
    "URL: {address}\n\nPayload:\n" + json.dumps(TEMPLATE, indent=2),
    {"alert_id": "tocsin-test", "transition": "Triggered", "alert_type": "error", "priority": "P2",
     "title": "A test from Tocsin's source page", "scope": "host:db-1", "tags": "service:orders-db"},
    signing='Choose a secret; in Datadog add the custom header {"Authorization": "Bearer <secret>"}.',
)  # fmt: skip


@webhook_format
class Datadog(WebhookFormat):
    """One transition of a monitor, one group of it at a time. The groups of a monitor share an incident."""

    name = "datadog"
    title = "Datadog"
    guide = _GUIDE
    is_alerting = True
    signs = True
    content_types = frozenset({"application/json", URLENCODED, ""})

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify a custom header `Authorization: Bearer …` with the secret; Datadog does not sign."""
        return is_known(bearer(request.headers.get("authorization", "")), secrets)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        raw = form_values(request) if request.content_type == URLENCODED else request.document()
        body = {name: value for name, value in require_object(raw).items() if _is_filled(value)}
        heading = heading_of(first_line(body.get("title"), body.get("event_title"), limit=2000))
        word = first_line(body.get("transition"), body.get("alert_transition"))
        state = _state(word, line(body.get("alert_type"))) or (
            _state(heading.transition, "") if not word else None
        )
        if state is not None:
            return Reading(alerts=(_alert(body, state, heading, own_severities(settings)),))
        if word or line(body.get("event_type")).endswith(("_monitor", "_alert")):
            raise _unreadable(word)
        return _event(body, settings)


def _unreadable(word: str) -> Invalid:
    fault = FieldFault("transition", "choice", f"{word[:60]!r} is no transition of a monitor")
    return Invalid(
        "The monitor's transition was not found. Set the payload that the guide shows.", faults=[fault]
    )


class Heading(NamedTuple):
    """The parts of a Datadog title before the monitor's own name."""

    title: str
    priority: str = ""
    transition: str = ""
    scope: str = ""

    def scoped(self, name: str) -> str:
        """Return the value of a name in a scope such as `host:web-2,service:shop`; "" for none."""
        pairs = (part.strip().partition(":") for part in self.scope.split(","))
        return next((value for given, _, value in pairs if given.casefold() == name), "")


def heading_of(text: str) -> Heading:
    """Split a title into its parts; one without brackets is all title."""
    found = _HEADING.match(text)
    if found is None:
        return Heading(line(text))
    parts = {name: value or "" for name, value in found.groupdict().items()}
    return Heading(line(parts["title"]), parts["priority"], parts["transition"], parts["scope"])


def _is_filled(value: Any) -> bool:
    """Return whether Datadog has substituted a variable.

    Without a value it stays as written or becomes null.
    """
    text = line(value, 10_000)
    return text.lower() not in _EMPTY and not (text.startswith("$") and text[1:].replace("_", "").isupper())


def _state(transition: str, alert_type: str) -> AlertState | None:
    word = transition.lower()
    if word == "recovered" or (not word and alert_type == "success"):
        return AlertState.RESOLVED
    return AlertState.FIRING if word in _FIRING or (not word and alert_type in ("error", "warning")) else None


def _severity(body: Mapping[str, Any], heading: Heading) -> Severity | None:
    """Return the monitor's priority, else a severity by the transition.

    A warning is never worse than SEV3.
    """
    priority = first_line(body.get("priority"), body.get("alert_priority"), heading.priority)
    found = _PRIORITIES.get(priority.lower()) or _TYPES.get(line(body.get("alert_type")).lower())
    is_warning = "warn" in first_line(body.get("transition"), heading.transition).lower()
    return max(found or Severity.SEV3, Severity.SEV3) if is_warning else found


def _tags(body: Mapping[str, Any]) -> dict[str, str]:
    """Parse tags: `env:prod,service:api,urgent` -> {"env": "prod", "service": "api", "urgent": "yes"}."""
    pairs = (tag.strip().partition(":") for tag in line(body.get("tags"), 100_000).split(","))
    return labels_of({name: value or "yes" for name, _, value in pairs})


def _alert(
    body: Mapping[str, Any], state: AlertState, heading: Heading, own: Mapping[str, Severity]
) -> Alert:
    # The documented payload identifies the monitor by its id; its title stays as Datadog writes it.
    heading_text = (
        first_line(body.get("title"), body.get("event_title")) if body.get("alert_id") else heading.title
    )
    title = heading_text or first_line(body.get("body")) or "Datadog monitor"
    monitor = first_line(body.get("alert_id"), body.get("aggregation_key"), heading.title, title)
    scope = first_line(
        body.get("scope"), body.get("alert_scope"), heading.scope, body.get("host"), limit=2000
    )
    tags, is_over = _tags(body), state == AlertState.RESOLVED
    at = moment(body.get("last_updated")) or moment(body.get("date"))
    words = [line(body.get(name)) for name in ("priority", "alert_type", "transition")] + [heading.priority]
    return Alert(
        key=key_of("monitor", monitor, scope), group=key_of("monitor", monitor), state=state, title=title,
        severity=_severity(body, heading), description=prose(body.get("body")),
        severity_word=next((word for word in words if word.casefold() in own), first_line(*words)),
        component=first_line(named(tags, "service"), body.get("host"), named(tags, "host"),
                             heading.scoped("service"), heading.scoped("host")),
        starts_at=None if is_over else at, ends_at=at if is_over else None, labels=tags,
        links=links(link(body.get("link"), "Datadog"), link(body.get("snapshot"), "Snapshot")),
        detail=detail_of(body),
    )  # fmt: skip


def _event(body: Mapping[str, Any], settings: SourceSettings) -> Reading:
    """Return an event of Datadog's stream that is no monitor's transition; rules count it."""
    message = first_line(body.get("event_title"), body.get("title"), body.get("body"), limit=8000)
    level = line(body.get("alert_type")).lower()
    event = {
        "source": first_line(_tags(body).get("service"), body.get("host"), settings.name),
        "level": level if level in _TYPES else "info", "message": message,
        "event_type": line(body.get("event_type")), "metadata": detail_of(body),
    }  # fmt: skip
    if not message:
        raise Invalid("This body holds no field that is known. Set the payload that the guide shows.")
    return Reading(events=(event,))
