"""Decides what an alert update means, given the known state. Pure.

Words may come late, twice, or in the wrong order. Time decides: the sender's own where it tells, else when
we received the word. Between opening one incident too many and missing one that burns, the first is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from detection.webhooks.parsed import Alert, AlertState
from incidents.vocabulary import Severity

# A firing with the very start of an episode that ended this short ago is an old word that came late. Later
# it is news: a sender that lost sight of an alert calls it resolved, and takes the old start up again.
LATE_WITHIN: Final = timedelta(minutes=2)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class NextStep(StrEnum):
    """What to do about a word."""

    FIRES = "fires"  # a new episode: open, join or reopen
    STILL = "still"  # nothing new: it burns and we know
    ACKNOWLEDGES = "acknowledges"
    RECOVERS = "recovers"
    NOTED = "noted"  # the end of something whose beginning never came
    STALE = "stale"  # older than what is known


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """What is known of an alert. `ended_at`: when the incident it belongs to was resolved, None while that is
    unresolved; `has_incident` is False for one that never had an incident.
    """

    state: AlertState
    starts_at: datetime | None
    told_at: datetime
    severity: Severity
    has_incident: bool = True
    ended_at: datetime | None = None

    @property
    def burns(self) -> bool:
        """Whether it fires, acknowledged or not."""
        return self.state != AlertState.RESOLVED


def next_step(alert: Alert, known: KnownAlert | None, *, at: datetime, window: timedelta) -> NextStep:
    """What `alert`, received at `at`, means. `window`: how long an incident may be reopened."""
    if known is not None and at < known.told_at:
        return NextStep.STALE
    if alert.is_guess and known is not None:
        return NextStep.STALE
    if alert.state == AlertState.ACKNOWLEDGED:
        return NextStep.ACKNOWLEDGES if known is not None and known.burns else NextStep.NOTED
    if alert.state == AlertState.RESOLVED:
        return _ending(alert, known)
    return NextStep.FIRES if known is None else _firing(alert, known, at, window)


def _ending(alert: Alert, known: KnownAlert | None) -> NextStep:
    if known is None:
        return NextStep.NOTED
    if not known.burns:
        return NextStep.STILL
    names_it = alert.whole_group or (alert.starts_at is not None and alert.starts_at == known.starts_at)
    is_of_earlier = alert.ends_at and known.starts_at and alert.ends_at < known.starts_at
    return NextStep.STALE if is_of_earlier and not names_it else NextStep.RECOVERS


def _firing(alert: Alert, known: KnownAlert, at: datetime, window: timedelta) -> NextStep:
    is_older = bool(alert.starts_at and known.starts_at and alert.starts_at < known.starts_at)
    is_same = bool(alert.starts_at and alert.starts_at == known.starts_at)
    if not known.burns:
        return (
            NextStep.STALE if is_older or (is_same and at - known.told_at < LATE_WITHIN) else NextStep.FIRES
        )
    if not known.has_incident:
        return NextStep.FIRES
    if known.ended_at is None:
        return NextStep.STILL
    # A person ended the incident while the sender goes on: without a recovery between, what fires is a repeat
    # until the window is over. Only a start after that end is another episode.
    is_another = alert.tells_start and alert.starts_at is not None and alert.starts_at > known.ended_at
    return NextStep.FIRES if is_another or at - known.ended_at >= window else NextStep.STILL


def newest_per_key(alerts: Iterable[Alert]) -> list[Alert]:
    """One word per key: the newest by the sender's times, the later one of the body where they are equal."""
    newest: dict[str, Alert] = {}
    for alert in alerts:
        held = newest.get(alert.key)
        if held is None or _stated_at(alert) >= _stated_at(held):
            newest[alert.key] = alert
    return list(newest.values())


def _stated_at(alert: Alert) -> datetime:
    known = [moment for moment in (alert.starts_at, alert.ends_at) if moment is not None]
    return max(known, default=_LONG_AGO)
