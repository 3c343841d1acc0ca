"""Sentry's internal integrations: issues, issue alerts (`event_alert`), metric alerts, single errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from core.errors import FieldFault, Invalid
from detection.levels import LEVEL_NAMES
from detection.webhooks.format import SourceSettings, WebhookFormat, webhook_format
from detection.webhooks.guide import Guide
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.signing import is_signed
from detection.webhooks.mapping.reader import key_of
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import (
    first_line,
    labels_of,
    line,
    link,
    links,
    moment,
    prose,
    require_line,
    require_object,
)
from incidents.vocabulary import Severity

_ALERTED: Final = {
    "fatal": Severity.SEV1,
    "error": Severity.SEV2,
    "warning": Severity.SEV3,
    "info": Severity.SEV4,
    "debug": Severity.SEV4,
    "sample": Severity.SEV4,
}
# An issue without an alert rule is one severity lower than one that triggered a rule.
_SEEN: Final = {
    "fatal": Severity.SEV2,
    "error": Severity.SEV3,
    "warning": Severity.SEV4,
    "info": Severity.SEV4,
}
_METRIC: Final = {"critical": Severity.SEV1, "warning": Severity.SEV3}
_ISSUE_STATES: Final = {
    "created": AlertState.FIRING,
    "unresolved": AlertState.FIRING,
    "resolved": AlertState.RESOLVED,
    "archived": AlertState.RESOLVED,
    "ignored": AlertState.RESOLVED,
}
_ACTIVITIES: Final = {
    "unresolved": AlertState.FIRING,
    "regression": AlertState.FIRING,
    "escalating": AlertState.FIRING,
    "unignored": AlertState.FIRING,
    "first_seen": AlertState.FIRING,
    "reappeared": AlertState.FIRING,
    "resolved": AlertState.RESOLVED,
    "ignored": AlertState.RESOLVED,
    "archived": AlertState.RESOLVED,
}
# Actions without any failure.
_QUIET_ACTIONS: Final = frozenset({"assigned", "unassigned", "created", "updated", "deleted"})
_QUIET_ACTIVITIES: Final = frozenset(
    {
        "note",
        "assigned",
        "unassigned",
        "set_public",
        "set_private",
        "merge",
        "unmerge_source",
        "mark_reviewed",
        "unmerge_destination",
        "user_report",
        "auto_set_ongoing",
        "deploy",
        "release",
        "set_priority",
    }
)
_OTHER: Final = frozenset({"installation", "comment", "seer", "preprod_artifact", ""})
_PROJECT: Final = re.compile(r"/projects/[^/]+/([^/]+)/")

_GUIDE: Final = Guide(
    "Settings, Developer Settings, New Internal Integration: Webhook URL, with Alert Rule Action and the "
    "resource issue switched on",
    "{address}",
    {
        "action": "triggered",
        "data": {
            "event": {
                "issue_id": "tocsin-test",
                "level": "error",
                "title": "A test from Tocsin's source page",
                "url": "https://sentry.io/api/0/projects/acme/checkout/events/1/",
            },
            "triggered_rule": "Test",
        },
        "actor": {"type": "application", "id": "sentry", "name": "Sentry"},
    },
    headers={"sentry-hook-resource": "event_alert"},
    signing="Copy the Client Secret from the integration's page in Sentry.",
)


@webhook_format
class Sentry(WebhookFormat):
    """An issue keeps one key from its first alert to its resolution, whichever resource reports it."""

    name = "sentry"
    title = "Sentry"
    guide = _GUIDE
    is_alerting = True
    signs = True
    stored_headers = ("sentry-hook-",)

    def verify(
        self, request: WebhookRequest, secrets: Sequence[str], settings: SourceSettings | None = None
    ) -> bool:
        """Verify `Sentry-Hook-Signature`: the HMAC-SHA256 of the raw body under the client secret."""
        return is_signed(request.raw, request.headers.get("sentry-hook-signature", ""), secrets)

    def read(self, request: WebhookRequest, settings: SourceSettings) -> Reading:
        """Parse it; resources without failures (installations, comments) are accepted and ignored."""
        body = require_object(request.document())
        if "data" not in body and "event" in body and "project" in body:
            return _plugin(body)
        action, data = line(body.get("action")), require_object(body.get("data"), "data")
        resource = request.headers.get("sentry-hook-resource", "") or _guess(data)
        read = _RESOURCES.get(resource)
        if read is None and resource not in _OTHER:
            fault = FieldFault("sentry-hook-resource", "choice", f"{line(resource, 60)!r} is not known here")
            raise Invalid("This resource of Sentry cannot be read.", faults=[fault])
        return read(action, data) if read else Reading()


def _guess(data: Mapping[str, Any]) -> str:
    """Guess the resource from the body, for relays that drop the header."""
    names = {
        "metric_alert": "metric_alert",
        "event": "event_alert",
        "activity": "activity_alert",
        "issue": "issue",
        "error": "error",
    }
    return next((resource for name, resource in names.items() if name in data), "")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _issue(action: str, data: Mapping[str, Any]) -> Reading:
    state = _ISSUE_STATES.get(action)
    if state is None:
        return _nothing(action, _QUIET_ACTIONS)
    return _issue_in(state, action, data)


def _activity(action: str, data: Mapping[str, Any]) -> Reading:
    """Parse an issue's activity: a regression fires, a resolution ends it, a comment is ignored."""
    kind = line(_object(data.get("activity")).get("type"))
    state = next((found for word, found in _ACTIVITIES.items() if word in kind), None)
    if state is None and action == "triggered" and not kind:
        state = AlertState.FIRING
    return _nothing(kind, _QUIET_ACTIVITIES) if state is None else _issue_in(state, action, data)


def _nothing(word: str, quiet: frozenset[str]) -> Reading:
    """Return an empty reading for known actions without a failure. Raises Invalid for unknown ones."""
    if word in quiet:
        return Reading()
    fault = FieldFault("action", "choice", f"{line(word, 60)!r} is not known here")
    raise Invalid("This word of Sentry cannot be read.", faults=[fault])


def _issue_in(state: AlertState, action: str, data: Mapping[str, Any]) -> Reading:
    issue = require_object(data.get("issue"), "data.issue")
    number = require_line(issue.get("id"), "data.issue.id")
    project, is_over = _object(issue.get("project")), state == AlertState.RESOLVED
    return Reading(
        alerts=(
            Alert(
                key=key_of("issue", number),
                state=state,
                title=first_line(issue.get("title"), issue.get("shortId"), number),
                severity=_SEEN.get(line(issue.get("level"))),
                severity_word=line(issue.get("level")),
                description=prose(issue.get("culprit")),
                component=first_line(project.get("slug"), project.get("name")),
                starts_at=None
                if is_over
                else moment(issue.get("lastSeen")) or moment(issue.get("firstSeen")),
                labels=labels_of({"issue": issue.get("shortId"), "platform": issue.get("platform")}),
                links=links(link(issue.get("web_url"), "Sentry"), link(issue.get("permalink"), "Sentry")),
                detail={"resource": "issue", "action": action, "issue": dict(issue)},
            ),
        )
    )


def _event_alert(action: str, data: Mapping[str, Any]) -> Reading:
    event = require_object(data.get("event"), "data.event")
    pairs = event.get("tags")
    tags = {
        line(pair[0]): pair[1]
        for pair in (pairs if isinstance(pairs, list) else [])
        if isinstance(pair, list) and len(pair) == 2
    }
    number = first_line(event.get("issue_id"), event.get("issue_url"), event.get("event_id"))
    project = _PROJECT.search(line(event.get("url"), 2000))
    rule = first_line(data.get("triggered_rule"), _object(data.get("issue_alert")).get("title"))
    return Reading(
        alerts=(
            Alert(
                key=key_of("issue", require_line(number, "data.event.issue_id", 2000)),
                state=AlertState.FIRING,
                title=first_line(event.get("title"), event.get("message"), rule) or "Sentry alert",
                severity=_ALERTED.get(line(event.get("level") or tags.get("level"))),
                severity_word=line(event.get("level") or tags.get("level")),
                description=prose(f"Rule: {rule}\n{line(event.get('culprit'))}"),
                component=project[1] if project else "",
                starts_at=moment(event.get("datetime")) or moment(event.get("timestamp")),
                labels=labels_of(tags | {"rule": rule}),
                links=links(link(event.get("web_url"), "Sentry")),
                detail={"resource": "event_alert", "action": action, "event": _short(event)},
            ),
        )
    )


def _plugin(body: Mapping[str, Any]) -> Reading:
    """Parse the body of the older plugin "WebHooks": the event with the rules that it triggered."""
    event = require_object(body.get("event"), "event")
    number = first_line(body.get("id"), event.get("issue_id"), event.get("group_id"), event.get("event_id"))
    rules, level = body.get("triggering_rules"), first_line(body.get("level"), event.get("level"))
    rule = ", ".join(map(line, rules)) if isinstance(rules, list) else ""
    metadata = _object(event.get("metadata"))
    return Reading(
        alerts=(
            Alert(
                key=key_of("issue", require_line(number, "id")),
                state=AlertState.FIRING,
                title=first_line(
                    event.get("title"), body.get("message"), event.get("message"), metadata.get("title")
                )
                or "Sentry alert",
                severity=_ALERTED.get(level),
                severity_word=level,
                description=prose(f"Rule: {rule}\n{line(body.get('culprit'))}"),
                component=first_line(body.get("project_slug"), body.get("project"), body.get("project_name")),
                starts_at=moment(event.get("datetime")) or moment(event.get("timestamp")),
                labels=labels_of({"rule": rule, "environment": event.get("environment")}),
                links=links(link(body.get("url"), "Sentry")),
                detail={"resource": "plugin", "event": _short(event)},
            ),
        )
    )


def _metric_alert(action: str, data: Mapping[str, Any]) -> Reading:
    metric = require_object(data.get("metric_alert"), "data.metric_alert")
    rule = _object(metric.get("alert_rule"))
    is_over = action == "resolved"
    if not is_over and action not in _METRIC:
        return _nothing(action, _QUIET_ACTIONS)
    projects = metric.get("projects")
    number = first_line(metric.get("id"), metric.get("identifier"), rule.get("id"))
    return Reading(
        alerts=(
            Alert(
                key=key_of("metric", require_line(number, "data.metric_alert.id")),
                state=AlertState.RESOLVED if is_over else AlertState.FIRING,
                title=first_line(metric.get("title"), rule.get("name"), data.get("description_title"))
                or "Metric alert",
                severity=_METRIC.get(action),
                severity_word="" if is_over else action,
                description=prose(data.get("description_text")),
                component=first_line(*projects) if isinstance(projects, list) else "",
                starts_at=None if is_over else moment(metric.get("date_started")),
                ends_at=moment(metric.get("date_closed")) if is_over else None,
                labels=labels_of({"rule": rule.get("name"), "aggregate": rule.get("aggregate")}),
                links=links(link(data.get("web_url"), "Sentry")),
                detail={"resource": "metric_alert", "action": action, "metric_alert": dict(metric)},
            ),
        )
    )


def _error(action: str, data: Mapping[str, Any]) -> Reading:
    """Return single errors as events for rules, not alerts."""
    error = require_object(data.get("error"), "data.error")
    project, at = _PROJECT.search(line(error.get("url"), 2000)), moment(error.get("datetime"))
    event = {
        "source": project[1] if project else first_line(error.get("project")) or "sentry",
        "level": level if (level := line(error.get("level"))) in LEVEL_NAMES else "error",
        "event_type": "sentry.error",
        "message": first_line(error.get("title"), error.get("message"), limit=8000),
        "event_id": key_of("sentry", first_line(error.get("event_id"))) if error.get("event_id") else "",
        "metadata": _short(error),
    }
    return Reading(events=(event | ({"occurred_at": at.isoformat()} if at else {}),))


def _short(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event without its stack traces and other bulk, which stay in Sentry."""
    fields = (
        "event_id",
        "issue_id",
        "title",
        "message",
        "culprit",
        "level",
        "platform",
        "release",
        "dist",
        "environment",
        "datetime",
        "web_url",
        "metadata",
        "tags",
    )
    return {name: event[name] for name in fields if event.get(name) not in (None, "", [], {})}


_RESOURCES: Final[Mapping[str, Callable[[str, Mapping[str, Any]], Reading]]] = {
    "issue": _issue,
    "activity_alert": _activity,
    "event_alert": _event_alert,
    "metric_alert": _metric_alert,
    "error": _error,
}
