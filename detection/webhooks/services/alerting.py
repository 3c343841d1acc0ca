"""Processes alerts: stores events; opens, joins or reopens incidents.

New alerts are processed under the workspace's counter, at most `MAX_AT_ONCE` alerts in a transaction:
concurrent requests with the same alert wait, and see the result. So an alert has its effect once, however
often and from however many senders it is received. Repeats of firing alerts need no lock: they open nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from accounts.actor import Actor
from core.errors import Conflict
from detection.evaluation.services.report import link_events, raise_measured
from detection.ingest.parsing import Fault, parse_elements
from detection.ingest.services.accept_events import retention, store_events, stored_ids
from detection.models import Source, SourceAlert
from detection.webhooks.alerts.alert_records import AlertUpdate, current_incident, known_alert, row_after
from detection.webhooks.alerts.alert_state import NextStep, newest_per_key, next_step
from detection.webhooks.alerts.alert_text import (
    bounded_key,
    event_id_of,
    event_of,
    fingerprint_of,
    is_worse,
    named,
)
from detection.webhooks.alerts.to_signal import signal_of
from detection.webhooks.parsed import Alert, AlertState
from detection.webhooks.services.alert_effects import follow
from detection.webhooks.services.alert_rows import (
    FIRING_STATES,
    end_firing,
    firing_in,
    full_groups,
    incidents_of_groups,
    latest_incidents,
    move_firing,
    rows_of,
    save_rows,
    touch,
)
from incidents.correlation.services.alerts import link_recurrence
from incidents.correlation.services.opening import JoinedEvents, Outcome, add_joined_events, report_signals
from incidents.lifecycle.services.incident_numbers import lock_counter
from incidents.lifecycle.services.resolving import reopen_incident
from incidents.models import Incident
from incidents.reference import reference
from incidents.validation import NAME_LENGTH, TITLE_LENGTH, fit
from incidents.vocabulary import IncidentSource, Severity, Status

MAX_AT_ONCE: Final = 1000  # alerts per transaction: bounds how long others wait for the workspace's counter


@dataclass(slots=True)
class AlertReceipt:
    """Result for some alerts: new and duplicate events, refused ones, and references of incidents.

    `unknown_alerts`: the keys of unknown alerts in updates that need a known one.
    """

    stored: int = 0
    duplicates: int = 0
    faults: list[Fault] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    unknown_alerts: list[str] = field(default_factory=list)


def process_alerts(
    actor: Actor, *, source: Source, alerts: Sequence[Alert], at: datetime, now: datetime
) -> AlertReceipt:
    """Process alerts of a source, received at `at`, in transactions of its own; idempotent.

    Raises Forbidden. An alert whose event is refused has its effect all the same; `faults` name it.
    """
    receipt = AlertReceipt()
    bounded = [replace(alert, key=bounded_key(alert.key)) for alert in alerts]
    grouped = [replace(alert, group=bounded_key(alert.group) or alert.key) for alert in bounded]
    rows = rows_of(actor.workspace_id, source, {alert.key for alert in grouped}) if grouped else {}
    repeats, news = _divided(source, grouped, rows, at)
    listed = {alert.key for alert in grouped}
    parts = _parts(news)
    for number, part in enumerate(parts, 1):
        with transaction.atomic():
            lock_counter(actor.workspace_id)
            _AlertBatch(actor, source, at, now, receipt).process(part, listed, is_last=number == len(parts))
    if repeats:
        with transaction.atomic():
            _AlertBatch(actor, source, at, now, receipt).repeat(repeats, rows)
    return receipt


def _divided(
    source: Source, alerts: Sequence[Alert], rows: Mapping[str, SourceAlert], at: datetime
) -> tuple[Sequence[Alert], Sequence[Alert]]:
    """Split alerts into repeats of the known state, and others."""
    window = timedelta(minutes=source.reopen_minutes)
    alerts = [a for a in alerts if not _is_idle(a, rows.get(a.key))]
    new = {a.key for a in alerts if not _is_repeat(source, a, rows.get(a.key), at, window)}
    return [a for a in alerts if a.key not in new], [a for a in alerts if a.key in new]


def _is_idle(alert: Alert, row: SourceAlert | None) -> bool:
    """Return whether it only ends unlisted alerts, none of which is firing."""
    is_end = alert.silent and alert.state == AlertState.RESOLVED and not alert.whole_group
    return is_end and (row is None or row.state not in FIRING_STATES)


def _is_repeat(
    source: Source, alert: Alert, row: SourceAlert | None, at: datetime, window: timedelta
) -> bool:
    known = known_alert(row)
    if row is None or known is None or alert.whole_group or alert.state != AlertState.FIRING:
        return False
    if known.ended_at is not None or next_step(alert, known, at=at, window=window) != NextStep.STILL:
        return False
    same = _settled(source, alert, row)
    reported = (same.title, same.component, str(same.severity), same.group)
    return reported == (row.title, row.component, row.severity, row.group)


def _parts(alerts: Sequence[Alert]) -> list[Sequence[Alert]]:
    """Split the alerts, those of one key into the same part."""
    by_key: dict[str, list[Alert]] = {}
    for alert in alerts:
        by_key.setdefault(alert.key, []).append(alert)
    runs = _batched(list(by_key), MAX_AT_ONCE)
    return [[alert for key in keys for alert in by_key[key]] for keys in runs]


def _batched(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Return the keys in chunks of at most `size`."""
    return (keys[first : first + size] for first in range(0, len(keys), size))


def _settled(source: Source, alert: Alert, row: SourceAlert | None) -> Alert:
    """Return the alert with missing fields filled in from its known state, since an end often has none."""
    title, component = fit(alert.title, TITLE_LENGTH), fit(alert.component, NAME_LENGTH)
    severity = row.severity if row else source.default_severity
    return replace(
        alert,
        title=title or (row.title if row else "") or fit(alert.key, TITLE_LENGTH) or "Untitled alert",
        severity=alert.severity or Severity(severity),
        component=component or (row.component if row else "") or source.name,
    )


class _AlertBatch:
    """Processes one request's alerts."""

    def __init__(
        self, actor: Actor, source: Source, at: datetime, now: datetime, receipt: AlertReceipt
    ) -> None:
        self.actor, self.source, self.at, self.now = actor, source, at, now
        self.workspace_id = actor.workspace_id
        self.window = timedelta(minutes=source.reopen_minutes)
        self.receipt = receipt
        self.rows: dict[str, SourceAlert] = {}
        self.updates: dict[str, AlertUpdate] = {}
        self.in_group: dict[str, Sequence[Incident]] = {}

    def process(self, alerts: Sequence[Alert], listed: Collection[str], *, is_last: bool) -> None:
        """Process a part of a request's alerts; `listed` are the keys of all of it."""
        self.rows = rows_of(self.workspace_id, self.source, {alert.key for alert in alerts})
        alerts = self._within_limit(alerts)
        alerts = [_settled(self.source, alert, self.rows.get(alert.key)) for alert in alerts]
        over = {alert.group: alert for alert in alerts if alert.whole_group} if is_last else {}
        newest = newest_per_key([*alerts, *self._unlisted(over, listed)])
        self.updates = {alert.key: self._update(alert) for alert in newest}
        self.receipt.unknown_alerts += [
            key for key, update in self.updates.items() if update.step == NextStep.NOTED
        ]
        self._store([alert for alert in alerts if not alert.silent])
        firing = self._firing() if self.source.opens_incidents else {}
        self._open(firing)
        save_rows(self.workspace_id, [update.row for update in self.updates.values() if _has_change(update)])
        if over:
            rest = {*listed, *self.updates}
            end_firing(self.workspace_id, self.source, over, at=self.at, without=rest)
        self._link(firing)
        fresh = set(self.receipt.opened)
        self.receipt.resolved += follow(self.actor, self.source, list(self.updates.values()), fresh=fresh)

    def repeat(self, alerts: Sequence[Alert], rows: Mapping[str, SourceAlert]) -> None:
        """Store the events of repeats; they do not affect incidents, so nothing is locked.

        An event that is already stored costs one look-up of its id.
        """
        self.rows = dict(rows)
        touch(self.workspace_id, self.source, {alert.key for alert in alerts}, at=self.at)
        alerts = [_settled(self.source, alert, self.rows.get(alert.key)) for alert in alerts]
        reported = [alert for alert in alerts if not alert.silent]
        ids = [event_id_of(alert, self.source.pk, self.rows[alert.key].episodes) for alert in reported]
        known = stored_ids(self.workspace_id, ids)
        fresh = [alert for alert, event_id in zip(reported, ids, strict=True) if event_id not in known]
        self.receipt.duplicates += len(reported) - len(fresh)
        if fresh:
            self.updates = {alert.key: self._update(alert) for alert in newest_per_key(fresh)}
            self._store(fresh)
            self._link({})

    def _within_limit(self, alerts: Sequence[Alert]) -> Sequence[Alert]:
        """Merge unknown alerts of a full group into one key."""
        unknown = {a.group for a in alerts if a.key not in self.rows and a.state == AlertState.FIRING}
        full = full_groups(self.workspace_id, self.source, unknown) if unknown else set()
        if not full:
            return alerts
        is_over = [a.group in full and a.key not in self.rows for a in alerts]
        shared = [
            replace(alert, key=bounded_key(f"{alert.group}~more")) if over else alert
            for alert, over in zip(alerts, is_over, strict=True)
        ]
        self.rows |= rows_of(self.workspace_id, self.source, {alert.key for alert in shared})
        return shared

    def _unlisted(self, over: Mapping[str, Alert], listed: Collection[str]) -> Iterator[Alert]:
        """Return an update of each unlisted firing alert, if one alert stands for its whole group.

        For a large group these are limited; `end_firing` ends the others.
        """
        if not over:
            return
        for row in firing_in(self.workspace_id, self.source, over, listed):
            self.rows[row.key] = row
            severity = Severity(row.severity)
            yield replace(over[row.group], key=row.key, title=row.title, severity=severity, silent=False)

    def _update(self, alert: Alert) -> AlertUpdate:
        row = self.rows.get(alert.key)
        known, home = known_alert(row), current_incident(row.incident) if row else None
        step = next_step(alert, known, at=self.at, window=self.window)
        worse = known is not None and known.is_firing and is_worse(alert.severity, known.severity)
        after = row_after(self.source, alert, row, step, self.at)
        over = home is None or not home.is_unresolved
        return AlertUpdate(alert, after, step, home.pk if home else None, over, worse)

    def _store(self, alerts: Sequence[Alert]) -> None:
        events = [self._event(alert) for alert in alerts]
        keys = {str(event["event_id"]): alert.key for event, alert in zip(events, alerts, strict=True)}
        batch = parse_elements(events, self.now, retention())
        stored = store_events(self.workspace_id, batch.events)
        for event in batch.events:
            if (found := stored.pop(event.event_id, None)) is not None:
                self.updates[keys[event.event_id]].events.append((found, event.occurred_at))
                self.receipt.stored += 1
        self.receipt.faults += batch.faults
        self.receipt.duplicates += len(batch.events) - self.receipt.stored

    def _event(self, alert: Alert) -> dict[str, Any]:
        return event_of(alert, self.source.pk, self.updates[alert.key].row.episodes, self.at)

    def _firing(self) -> dict[str, list[AlertUpdate]]:
        """Return the groups with new firings, each with all of its alerts."""
        groups: dict[str, list[AlertUpdate]] = {}
        for update in self.updates.values():
            groups.setdefault(update.alert.group, []).append(update)
        return {
            group: updates for group, updates in groups.items() if any(update.fires for update in updates)
        }

    def _open(self, firing: Mapping[str, Sequence[AlertUpdate]]) -> None:
        """Send one signal per group: to its incident, to one that is reopened, or to a new one."""
        prints = {group: fingerprint_of(self.workspace_id, self.source.pk, group) for group in firing}
        latest = latest_incidents(self.workspace_id, prints.values())
        self.in_group = incidents_of_groups(self.workspace_id, self.source, firing) if firing else {}
        signals, earlier = [], []
        for group, updates in firing.items():
            before = self._before(group, updates, latest.get(prints[group]))
            again = before is not None and not before.is_unresolved and self._reopened(before, updates)
            goes_on = before if before is not None and (again or before.is_unresolved) else None
            signals.append(signal_of(self.source, prints[group], updates, self.at, goes_on, is_noted=again))
            earlier.append(before if goes_on is None else None)
        outcomes = report_signals(self.workspace_id, signals, now=self.now, actor=self.actor)
        for (group, updates), outcome, before in zip(firing.items(), outcomes, earlier, strict=True):
            self._settle(group, updates, outcome, before)

    def _before(self, group: str, updates: Sequence[AlertUpdate], latest: Incident | None) -> Incident | None:
        """Return the current or last incident of this group, or of its alerts under another group's name."""
        known_rows = [row.incident for row in self.rows.values() if row.group == group]
        incidents = [*self.in_group.get(group, ()), *known_rows, *(update.row.incident for update in updates)]
        homes = [current_incident(incident) for incident in incidents]
        known = [home for home in [*homes, latest] if home is not None]
        open_ones = [home for home in known if home.is_unresolved]
        return max(open_ones or known, key=lambda home: home.pk, default=None)

    def _reopened(self, before: Incident, updates: Sequence[AlertUpdate]) -> bool:
        """Reopen a recently resolved incident; returns False if that is not possible."""
        ended = before.resolved_at
        is_recent = ended is not None and self.at - ended < self.window
        if before.status != Status.RESOLVED or before.source != IncidentSource.DETECTED or not is_recent:
            return False
        titles = [update.alert.title for update in updates if update.fires]
        message = f"{self.source.name}: fires again: {named(titles)}"
        try:
            reopen_incident(self.actor, incident_id=before.pk, message=message)
        except Conflict:  # a newer one is open for the same fingerprint
            return False
        return True

    def _settle(
        self, group: str, updates: Sequence[AlertUpdate], outcome: Outcome, before: Incident | None
    ) -> None:
        """Assign all firing alerts of the group to its incident."""
        references = self.receipt.opened if outcome.opened else self.receipt.joined
        references.append(reference(outcome.number))
        for update in updates:
            if update.fires or (update.is_over and update.row.state in FIRING_STATES):
                update.home_id, update.row.incident_id = outcome.incident_id, outcome.incident_id
        ended = [one.pk for one in self.in_group.get(group, ()) if not _is_open(current_incident(one))]
        if ended:
            to, keys = outcome.incident_id, self.updates
            move_firing(self.workspace_id, self.source, group, origins=ended, to=to, without=keys)
        if outcome.opened and before is not None:
            link_recurrence(self.actor, incident_id=outcome.incident_id, earlier_id=before.pk)

    def _link(self, firing: Mapping[str, Sequence[AlertUpdate]]) -> None:
        """Link the new events to their incidents; a signal has already counted those of its group."""
        members: dict[int, tuple[int, datetime]] = {}
        counts: list[JoinedEvents] = []
        for update in self.updates.values():
            if update.home_id is not None and update.events:
                members |= {event_id: (update.home_id, moment) for event_id, moment in update.events}
                if update.alert.group not in firing:
                    last = max(moment for _, moment in update.events)
                    counts.append(JoinedEvents(update.home_id, len(update.events), last))
        linked = link_events(self.workspace_id, members)
        add_joined_events(self.workspace_id, counts)
        raise_measured(self.workspace_id, {event_id: members[event_id] for event_id in linked})


def _is_open(incident: Incident | None) -> bool:
    return incident is not None and incident.is_unresolved


def _has_change(update: AlertUpdate) -> bool:
    """Return whether there is something to write: nothing for an old update, or an end without beginning."""
    if update.step == NextStep.STALE:
        return False
    is_known = update.row.pk is not None
    return (
        is_known
        or update.fires
        or (update.step == NextStep.NOTED and not update.alert.silent and _ends(update))
    )


def _ends(update: AlertUpdate) -> bool:
    return update.alert.state == "resolved"
