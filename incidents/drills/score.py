"""Score of a drill: time to acknowledge, to the first update and to recovery, against targets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from incidents.sla.deadlines import Clocks


class Verdict(StrEnum):
    """Result of one measure."""

    MET = "met"
    LATE = "late"
    MISSED = "missed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class DrillTimes:
    """Times of a drill; None: not yet, or never."""

    began_at: datetime
    acknowledged_at: datetime | None = None
    updated_at: datetime | None = None
    recovered_at: datetime | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the score card. `target_s` is None if no target is set: then being done is enough."""

    name: str
    title: str
    target_s: int | None
    took_s: int | None
    verdict: Verdict

    @property
    def target(self) -> timedelta | None:
        """Return the target as a duration."""
        return None if self.target_s is None else timedelta(seconds=self.target_s)

    @property
    def took(self) -> timedelta | None:
        """Return the measured time as a duration."""
        return None if self.took_s is None else timedelta(seconds=self.took_s)


def score_card(course: DrillTimes, clocks: Clocks, now: datetime) -> list[Measure]:
    """Return the three measures, compared with the SLA targets of the incident's severity."""
    rows = (
        ("acknowledge", "Time to acknowledge", clocks.acknowledge_within, course.acknowledged_at),
        ("first_update", "Time to the first update", clocks.update_every, course.updated_at),
        ("recovery", "Time to recovery", clocks.resolve_within, course.recovered_at),
    )
    return [_measured(name, title, minutes, at, course, now) for name, title, minutes, at in rows]


def points(card: Sequence[Measure]) -> tuple[int, int]:
    """Return (measures met, number of measures)."""
    return sum(one.verdict == Verdict.MET for one in card), len(card)


def _measured(
    name: str, title: str, minutes: int | None, at: datetime | None, course: DrillTimes, now: datetime
) -> Measure:
    target_s = None if minutes is None else minutes * 60
    if at is None:
        passed = (now - course.began_at).total_seconds()
        is_late = target_s is not None and passed > target_s
        verdict = Verdict.MISSED if course.is_over else Verdict.LATE if is_late else Verdict.OPEN
        return Measure(name, title, target_s, None, verdict)
    took_s = max(0, round((at - course.began_at).total_seconds()))
    is_met = target_s is None or took_s <= target_s
    return Measure(name, title, target_s, took_s, Verdict.MET if is_met else Verdict.LATE)
