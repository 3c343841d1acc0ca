"""Parses grouped alerts as Alertmanager and Grafana send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from core.errors import Invalid
from detection.ingest.parsing import Fault
from detection.webhooks.format import SourceSettings
from detection.webhooks.own_words import own_severities
from detection.webhooks.parsed import Alert, AlertState, Reading
from detection.webhooks.values import (
    Labels,
    component_in,
    first_line,
    labels_of,
    line,
    link,
    links,
    moment,
    named,
    prose,
    require_object,
    severity_of,
    title_from,
    type_of,
)
from incidents.vocabulary import IncidentType, Severity

# A group may be very large: the rest is counted, and keeps the incident open all the same.
MAX_ALERTS: Final = 1000
# Bytes: a notification contains everything that fires in a group, and 20,000 alerts are 12 MB.
LARGE_BODY: Final = 16_000_000
# Grafana names these alerts by the error; the rule is in a label.
RULE_FAULTS: Final = frozenset({"datasourceerror", "datasourcenodata", "nodata", "no data", "error"})
SEVERITY_LABELS: Final = ("severity", "priority", "level")
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


def group_of(body: Mapping[str, Any], settings: SourceSettings, *, is_named: bool = True) -> Reading:
    """Return one group's alerts, and a silent one for those not included in the body.

    `is_named`: a body without `groupKey` is refused; otherwise the group is identified by its common labels.

    Raises Invalid when there is no `groupKey` or `alerts` is no array.
    """
    listed = body.get("alerts")
    group = first_line(body.get("groupKey"), limit=2000) or ("" if is_named else _named_group(body))
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


def listed_alerts(listed: Sequence[Any], at: datetime, settings: SourceSettings) -> Reading:
    """Return alerts as Prometheus posts them: a list, each firing until its `endsAt`.

    Raises Invalid without any.
    """
    if not listed or len(listed) > MAX_ALERTS:
        raise Invalid(f"A list holds 1 to {MAX_ALERTS} alerts.")
    alerts: list[Alert] = []
    faults: list[Fault] = []
    for position, raw in enumerate(listed):
        try:
            given = require_object(raw, f"[{position}]")
            ends = moment(given.get("endsAt"))
            state = "resolved" if ends is not None and ends <= at else "firing"
            group = _key_of(given.get("labels"))
            alerts.append(_alert({**given, "status": state}, group, {}, settings))
        except Invalid as problem:
            faults.append(Fault(position, "alerts", "type", problem.detail))
    if not alerts:
        raise Invalid(f"None of the alerts could be read: {faults[0].message}")
    return Reading(alerts=tuple(alerts), faults=tuple(faults))


def _alert(raw: Mapping[str, Any], group: str, common: Mapping[str, Any], settings: SourceSettings) -> Alert:
    labels, notes = _texts(raw.get("labels")), _texts(raw.get("annotations"))
    annotations = _annotations(raw)
    state = STATES.get(line(raw.get("status")).lower())
    if state is None:
        raise Invalid("status must be firing or resolved.")
    name = _name(labels)
    summary = first_line(named(notes, "summary"), named(notes, "title"), named(notes, "message"))
    ended = moment(raw.get("endsAt")) if state == AlertState.RESOLVED else None
    return Alert(
        key=first_line(raw.get("fingerprint"), limit=200) or _key_of(raw.get("labels")),
        state=state,
        title=": ".join(part for part in (name, summary) if part) or title_from(labels) or "Unnamed alert",
        severity=severity_from(labels, settings),
        severity_word=severity_word(labels),
        description=_description(annotations),
        component=component_of(labels),
        incident_type=type_of(named(labels, "incident_type")) or IncidentType.OTHER,
        group=group,
        starts_at=moment(raw.get("startsAt")),
        ends_at=ended,
        labels=labels_of(labels),
        has_episode_start=True,
        links=links(
            link(named(annotations, "runbook_url"), "Runbook"),
            link(raw.get("dashboardURL") or named(annotations, "dashboard_url"), "Dashboard"),
            link(raw.get("panelURL"), "Panel"),
            link(raw.get("generatorURL"), "Source"),
            link(raw.get("silenceURL"), "Silence"),
        ),
        detail={**common, "alert": dict(raw)},
    )


def _texts(value: Any) -> Labels:
    """Return all labels as lines of text, since the relevant one may be beyond the fiftieth."""
    pairs = value.items() if isinstance(value, Mapping) else ()
    return Labels({str(name): text for name, given in pairs if (text := line(given))})


def _annotations(raw: Mapping[str, Any]) -> Labels:
    """Return the annotations unchanged: longer ones have several lines."""
    given = raw.get("annotations")
    return Labels(given) if isinstance(given, Mapping) else Labels()


def _name(labels: Mapping[str, str]) -> str:
    """Return `HighLoad`; if the evaluation itself failed, the rule with the error."""
    name, rule = line(named(labels, "alertname")), line(named(labels, "rulename"))
    return f"{rule}: {name}" if rule and name.casefold() in RULE_FAULTS else name or rule


def _description(annotations: Labels) -> str:
    """Return the description, with the reason why a rule could not be evaluated."""
    text = prose(named(annotations, "description") or named(annotations, "message"))
    reason = prose(named(annotations, "error"))
    return "\n\n".join(part for part in (text, f"Error: {reason}" if reason else "") if part)


def _named_group(body: Mapping[str, Any]) -> str:
    """Identify a group without groupKey (older and templated bodies) by its common labels."""
    labels = body.get("groupLabels")
    pairs = sorted(labels.items()) if isinstance(labels, Mapping) else []
    made = ",".join(f"{name}={value}" for name, value in pairs)
    return first_line(made, body.get("title"), body.get("receiver"), limit=2000)


def severity_word(labels: Mapping[str, str]) -> str:
    """Return the severity in the labels: the first label with a known word, else the first one."""
    words = [text for name in SEVERITY_LABELS if (text := line(named(labels, name)))]
    return next((word for word in words if severity_of(word)), words[0] if words else "")


def severity_from(labels: Mapping[str, str], settings: SourceSettings) -> Severity | None:
    """Return the severity in the labels, by the source's own words first (`{"severities": {...}}`)."""
    own = own_severities(settings)
    severities = (severity_of(named(labels, name), own) for name in SEVERITY_LABELS)
    return next((severity for severity in severities if severity is not None), None)


def component_of(labels: Mapping[str, str]) -> str:
    """Return the component: the first label that names it."""
    return component_in(labels)


def _key_of(labels: Any) -> str:
    """Return the sorted labels as a key, for senders without fingerprint. Raises Invalid."""
    pairs = sorted((str(name), str(value)) for name, value in require_object(labels, "labels").items())
    return ",".join(f"{name}={value}" for name, value in pairs) or "{}"


def _rest(body: Mapping[str, Any], group: str, alerts: Sequence[Alert], listed: int) -> tuple[Alert, ...]:
    """Return the unlisted alerts of the group as one, with the group's own status."""
    truncated = body.get("truncatedAlerts")
    count = truncated if isinstance(truncated, int) and 0 < truncated < 10**9 else 0
    count += max(0, listed - MAX_ALERTS)
    is_over = STATES.get(line(body.get("status")).lower()) == AlertState.RESOLVED
    is_firing = count > 0 and not is_over
    return (
        Alert(
            key=f"unlisted:{group}",
            state=AlertState.FIRING if is_firing else AlertState.RESOLVED,
            title=f"{count} more alerts" if is_firing else "Alerts not listed",
            severity=Severity.SEV4,
            group=group,
            ends_at=max((alert.ends_at for alert in alerts if alert.ends_at), default=None),
            whole_group=is_over,
            silent=True,
        ),
    )
