"""State of an alert before and after an update. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from detection.models import Source, SourceAlert
from detection.webhooks.alerts.alert_state import KnownAlert, NextStep
from detection.webhooks.parsed import Alert, AlertState
from incidents.models import Incident
from incidents.vocabulary import Severity


@dataclass(slots=True)
class AlertUpdate:
    """A sender's newest update of one alert and its effect; `row` is the known state, not saved.

    `home_id`: its incident, None for none; `is_over`: that one is resolved. `is_worse`: the severity is worse
    than before. `events`: id and time of each new one.
    """

    alert: Alert
    row: SourceAlert
    step: NextStep
    home_id: int | None
    is_over: bool
    is_worse: bool = False
    events: list[tuple[int, datetime]] = field(default_factory=list)

    @property
    def fires(self) -> bool:
        """Return whether a new episode begins with it."""
        return self.step == NextStep.FIRES

    @property
    def severity(self) -> Severity:
        """Return the severity of the update."""
        return Severity(self.row.severity)


def current_incident(incident: Incident | None) -> Incident | None:
    """Return the incident itself, or the one it was merged into."""
    for _ in range(10):
        if incident is None or incident.merged_into is None:
            return incident
        incident = incident.merged_into
    return incident


def known_alert(row: SourceAlert | None) -> KnownAlert | None:
    """Return a row as `next_step` needs it."""
    if row is None:
        return None
    home = current_incident(row.incident)
    ended_at = None if home is None or home.is_unresolved else (home.resolved_at or home.closed_at)
    return KnownAlert(
        AlertState(row.state),
        row.starts_at,
        row.updated_at,
        Severity(row.severity),
        home is not None,
        ended_at,
    )


def row_after(
    source: Source, alert: Alert, row: SourceAlert | None, step: NextStep, at: datetime
) -> SourceAlert:
    """Return the row after the update: a new one for an unknown alert. Nothing is saved."""
    after = row or SourceAlert(
        workspace_id=source.workspace_id, source=source, key=alert.key, state=AlertState.RESOLVED, first_at=at
    )
    if step == NextStep.STALE:
        return after
    after.group, after.updated_at = alert.group, at
    after.title, after.component, after.severity = alert.title, alert.component, str(alert.severity)
    if step == NextStep.FIRES:
        after.state, after.starts_at, after.ends_at = AlertState.FIRING.value, alert.starts_at, None
        after.episodes += 1
    elif step in (NextStep.RECOVERS, NextStep.NOTED):
        after.state, after.ends_at = AlertState.RESOLVED.value, alert.ends_at or at
        after.starts_at = alert.starts_at or after.starts_at
    elif step == NextStep.ACKNOWLEDGES:
        after.state = AlertState.ACKNOWLEDGED.value
    return after
