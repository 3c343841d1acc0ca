"""A body that tells a whole group of alerts, each with its own state, as Alertmanager and Grafana send it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from core.errors import Invalid
from detection.ingest.parsing import Fault
from detection.webhooks.format import SourceSettings
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import (
    first_line,
    labels_of,
    line,
    link,
    links,
    moment,
    prose,
    require_object,
    severity_of,
    type_of,
)
from incidents.vocabulary import IncidentType, Severity

# One group may hold a whole data centre: the rest is counted, and keeps the incident open all the same.
MAX_ALERTS: Final = 1000
COMPONENT_LABELS: Final = ("service", "component", "app", "job", "namespace", "instance")
STATES: Final = {"firing": AlertState.FIRING, "resolved": AlertState.RESOLVED}
_ALERT: Final = {
    "status": "firing", "fingerprint": "tocsin-test", "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "",
    "labels": {"alertname": "TocsinTest", "severity": "critical", "instance": "db-1"},
    "annotations": {"summary": "A test from Tocsin's source page"},
}  # fmt: skip
SAMPLE: Final = {
    "version": "4", "groupKey": '{}:{alertname="TocsinTest"}', "truncatedAlerts": 0, "status": "firing",
    "receiver": "tocsin", "groupLabels": {"alertname": "TocsinTest"}, "commonLabels": {},
    "commonAnnotations": {}, "externalURL": "", "alerts": [_ALERT],
}  # fmt: skip


def group_of(body: Mapping[str, Any], settings: SourceSettings) -> Reading:
    """One group's alerts, and a silent one that stands for those left out of the body.

    Raises Invalid when there is no `groupKey` or `alerts` is no array.
    """
    group = first_line(body.get("groupKey"), limit=2000)
    listed = body.get("alerts")
    if not group or not isinstance(listed, list):
        raise Invalid("A notification needs groupKey and an array of alerts.")
    common = {name: body.get(name) for name in ("receiver", "externalURL", "groupLabels")}
    alerts: list[Alert] = []
    faults: list[Fault] = []
    for position, raw in enumerate(listed[:MAX_ALERTS]):
        try:
            alerts.append(_alert(require_object(raw, f"alerts[{position}]"), group, common, settings))
        except Invalid as problem:
            faults.append(Fault(position, "alerts", "type", problem.detail))
    return Reading(alerts=(*alerts, *_rest(body, group, alerts, len(listed))), faults=tuple(faults))


def _alert(raw: Mapping[str, Any], group: str, common: Mapping[str, Any], settings: SourceSettings) -> Alert:
    labels, notes = labels_of(raw.get("labels")), labels_of(raw.get("annotations"))
    state = STATES.get(line(raw.get("status")).lower())
    if state is None:
        raise Invalid("status must be firing or resolved.")
    name = labels.get("alertname", "")
    summary = first_line(notes.get("summary"), notes.get("title"), notes.get("message"))
    ended = moment(raw.get("endsAt")) if state == AlertState.RESOLVED else None
    return Alert(
        key=first_line(raw.get("fingerprint"), limit=200) or _key_of(raw.get("labels")),
        state=state,
        title=": ".join(part for part in (name, summary) if part) or "Unnamed alert",
        severity=severity_from(labels, settings),
        description=prose(_text(raw, "description") or _text(raw, "message")),
        component=component_of(labels),
        incident_type=type_of(labels.get("incident_type")) or IncidentType.OTHER,
        group=group,
        starts_at=moment(raw.get("startsAt")),
        ends_at=ended,
        labels=labels,
        links=links(
            link(_text(raw, "runbook_url"), "Runbook"),
            link(raw.get("dashboardURL") or _text(raw, "dashboard_url"), "Dashboard"),
            link(raw.get("panelURL"), "Panel"),
            link(raw.get("generatorURL"), "Source"),
            link(raw.get("silenceURL"), "Silence"),
        ),
        detail={**common, "alert": dict(raw)},
    )


def severity_from(labels: Mapping[str, str], settings: SourceSettings) -> Severity | None:
    """The severity that the labels name, by the source's own words first (`{"severities": {...}}`)."""
    own = settings.mapping.get("severities")
    words = {str(k).casefold(): v for k, v in own.items()} if isinstance(own, Mapping) else {}
    mapped = {word: found for word, value in words.items() if (found := severity_of(value)) is not None}
    told = (severity_of(labels.get(name), mapped) for name in ("severity", "priority", "level"))
    return next((severity for severity in told if severity is not None), None)


def component_of(labels: Mapping[str, str]) -> str:
    """What the alert is about: the first label that names it."""
    return first_line(*(labels.get(name) for name in COMPONENT_LABELS))


def _text(raw: Mapping[str, Any], name: str) -> Any:
    notes = raw.get("annotations")
    return notes.get(name) if isinstance(notes, Mapping) else None


def _key_of(labels: Any) -> str:
    """For senders that leave the fingerprint out: the labels themselves, in order. Raises Invalid."""
    pairs = sorted((str(name), str(value)) for name, value in require_object(labels, "labels").items())
    return ",".join(f"{name}={value}" for name, value in pairs) or "{}"


def _rest(body: Mapping[str, Any], group: str, alerts: Sequence[Alert], listed: int) -> tuple[Alert, ...]:
    """The alerts of the group that the body does not list, as one: the group's own status speaks for them."""
    truncated = body.get("truncatedAlerts")
    count = truncated if isinstance(truncated, int) and 0 < truncated < 10**9 else 0
    count += max(0, listed - MAX_ALERTS)
    is_over = STATES.get(line(body.get("status")).lower()) == AlertState.RESOLVED
    burns = count > 0 and not is_over
    return (
        Alert(
            key=f"unlisted:{group}",
            state=AlertState.FIRING if burns else AlertState.RESOLVED,
            title=f"{count} more alerts" if burns else "Alerts not listed",
            severity=Severity.SEV4,
            group=group,
            ends_at=max((alert.ends_at for alert in alerts if alert.ends_at), default=None),
            whole_group=is_over,
            silent=True,
        ),
    )
