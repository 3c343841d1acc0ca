"""Converts a group of alerts to one signal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from detection.models import Source
from detection.rules.event_types import EventText, type_of_events
from detection.webhooks.alerts.alert_text import common_labels, description_of, named
from detection.webhooks.parsed import Alert
from incidents.correlation.detection_signals import Signal
from incidents.models import Incident
from incidents.validation import TITLE_LENGTH, fit
from incidents.vocabulary import SEVERITY_RANK, Basis, IncidentType, Severity

MAX_COMPONENTS: Final = 50
# Alerts may fire for long before we receive them; a start earlier than this is considered wrong.
OLDEST_START: Final = timedelta(days=366)


class ReportedAlert(Protocol):
    """One alert of the group, as reported."""

    alert: Alert
    events: list[tuple[int, datetime]]

    @property
    def fires(self) -> bool:
        """Return whether it is new."""


def signal_of(
    source: Source,
    fingerprint: str,
    words: Sequence[ReportedAlert],
    at: datetime,
    before: Incident | None,
    *,
    is_noted: bool,
) -> Signal:
    """Return the signal of a group with a new firing, worst alert first.

    `before`: the incident it goes to, None for a new one; `is_noted`: its timeline already has the entry.
    """
    alerts = [word.alert for word in words if word.fires]
    shown = [alert for alert in alerts if not alert.silent] or alerts
    first = min(shown, key=lambda alert: SEVERITY_RANK[severity_of(alert)])
    titles = [first.title, *(alert.title for alert in shown if alert is not first)]
    types = [alert.incident_type for alert in shown if alert.incident_type != IncidentType.OTHER]
    texts = [EventText("", f"{alert.title}\n{alert.description}"[:2000]) for alert in shown[:MAX_COMPONENTS]]
    moments = [moment for word in words for _, moment in word.events] or [at]
    return Signal(
        fingerprint=fingerprint,
        reporter=f"source:{source.name}",
        incident_type=types[0] if types else type_of_events(texts) or IncidentType.OTHER,
        type_basis=Basis.EVENT_TYPE if types else Basis.WORDS,
        severity=severity_of(first),
        severity_basis=Basis.EVENT_TYPE,
        title=title_of(titles),
        description=description_of(first),
        started_at=min(started_at_of(alert, at) for alert in shown),
        last_at=max(moments),
        event_count=sum(len(word.events) for word in words),
        components=tuple(dict.fromkeys(alert.component for alert in shown))[:MAX_COMPONENTS],
        joins=before.pk if before else None,
        note="" if is_noted else f"{source.name}: fires: {named(titles)}",
        labels=common_labels(shown),
    )


def severity_of(alert: Alert) -> Severity:
    """Return the severity of an alert whose severity is set."""
    return alert.severity or Severity.SEV3


def title_of(titles: Sequence[str]) -> str:
    """Return `Disk full` or `Disk full and 3 more`, in 200 characters."""
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    return fit(titles[0], TITLE_LENGTH - len(more)) + more


def started_at_of(alert: Alert, at: datetime) -> datetime:
    """Return when it began: the sender's time unless that is in the future or absurdly long ago."""
    moment = alert.starts_at
    return moment if moment is not None and at - OLDEST_START <= moment <= at else at
