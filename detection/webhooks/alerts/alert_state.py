"""Decides what an alert update means, given the known state. Pure.

Updates may arrive late, twice, or in the wrong order. They are ordered by the sender's time if given, else by
when they were received. When in doubt an incident too many is opened rather than one missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from detection.webhooks.parsed import Alert, AlertState
from incidents.vocabulary import Severity

# A firing with the very start of an episode that ended this recently is a late update. Later it is a new
# episode: a sender that lost an alert resolves it, and reuses the old start afterwards.
LATE_WITHIN: Final = timedelta(minutes=2)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class NextStep(StrEnum):
    """What to do about an update."""

    FIRES = "fires"  # a new episode: open, join or reopen
    STILL = "still"  # still firing: nothing new
    ACKNOWLEDGES = "acknowledges"
    RECOVERS = "recovers"
    NOTED = "noted"  # the end of something whose beginning was never received
    STALE = "stale"  # older than what is known


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """Known state of an alert.

    `ended_at`: when its incident was resolved, None while that is unresolved; `has_incident` is False if it
    never had one.
    """

    state: AlertState
    starts_at: datetime | None
    updated_at: datetime
    severity: Severity
    has_incident: bool = True
    ended_at: datetime | None = None

    @property
    def is_firing(self) -> bool:
        """Return whether it is firing, acknowledged or not."""
        return self.state != AlertState.RESOLVED


def next_step(alert: Alert, known: KnownAlert | None, *, at: datetime, window: timedelta) -> NextStep:
    """Return what the update `alert`, received at `at`, means.

    `window`: how long an incident may be reopened.
    """
    if known is not None and at < known.updated_at:
        return NextStep.STALE
    if alert.is_guess and known is not None:
        return NextStep.STALE
    if alert.state == AlertState.ACKNOWLEDGED:
        return NextStep.ACKNOWLEDGES if known is not None and known.is_firing else NextStep.NOTED
    if alert.state == AlertState.RESOLVED:
        return _ending(alert, known)
    return NextStep.FIRES if known is None else _firing(alert, known, at, window)


def _ending(alert: Alert, known: KnownAlert | None) -> NextStep:
    if known is None:
        return NextStep.NOTED
    if not known.is_firing:
        return NextStep.STILL
    names_it = alert.whole_group or (alert.starts_at is not None and alert.starts_at == known.starts_at)
    is_of_earlier = alert.ends_at and known.starts_at and alert.ends_at < known.starts_at
    return NextStep.STALE if is_of_earlier and not names_it else NextStep.RECOVERS


def _firing(alert: Alert, known: KnownAlert, at: datetime, window: timedelta) -> NextStep:
    is_older = bool(alert.starts_at and known.starts_at and alert.starts_at < known.starts_at)
    is_same = bool(alert.starts_at and alert.starts_at == known.starts_at)
    if not known.is_firing:
        is_stale = is_older or (is_same and at - known.updated_at < LATE_WITHIN)
        return NextStep.STALE if is_stale else NextStep.FIRES
    if not known.has_incident:
        return NextStep.FIRES
    if known.ended_at is None:
        return NextStep.STILL
    # A person resolved the incident while the sender continues: without a recovery in between, a firing is a
    # repeat until the window is over. Only a start after the resolution is another episode.
    is_another = alert.has_episode_start and alert.starts_at is not None and alert.starts_at > known.ended_at
    return NextStep.FIRES if is_another or at - known.ended_at >= window else NextStep.STILL


def newest_per_key(alerts: Iterable[Alert]) -> list[Alert]:
    """Return one update per key: the newest by the sender's times, of equal ones the last."""
    newest: dict[str, Alert] = {}
    for alert in alerts:
        held = newest.get(alert.key)
        if held is None or _stated_at(alert) >= _stated_at(held):
            newest[alert.key] = alert
    return list(newest.values())


def _stated_at(alert: Alert) -> datetime:
    known = [moment for moment in (alert.starts_at, alert.ends_at) if moment is not None]
    return max(known, default=_LONG_AGO)
