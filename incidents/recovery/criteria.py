"""Exit criteria of recovery: a registry of functions that return pass, fail or unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from core.registry import Registry
from incidents.models import Incident

DEFAULT_WINDOW: Final = timedelta(minutes=5)


class Verdict(StrEnum):
    """Result of a criterion. Unknown never counts as pass."""

    PASSED = "pass"
    FAILED = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict and why. `is_positive`: seen to work; `is_measured`: the incident has such data."""

    verdict: Verdict
    why: str
    is_positive: bool = False
    is_measured: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """The interval to check for recovery: between `since` and `now`, in windows of `window`."""

    incident: Incident
    components: Sequence[str]
    since: datetime
    now: datetime
    window: timedelta = DEFAULT_WINDOW
    excluded: frozenset[int] = field(default_factory=frozenset)

    @property
    def begins(self) -> datetime:
        """Return the start of the last `window`, not before `since`."""
        return max(self.since, self.now - self.window)

    @property
    def is_whole(self) -> bool:
        """Return whether a whole window has passed since the action ended."""
        return self.now - self.since >= self.window

    @property
    def progress(self) -> str:
        """Return how much of the window has passed, as text."""
        seen, all_of_it = (self.now - self.since).total_seconds(), self.window.total_seconds()
        return f"{max(0, min(seen, all_of_it)):.0f} of {all_of_it:.0f} s watched"


Ask = Callable[[Question], Outcome]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A criterion. `title` is shown to people."""

    name: str
    title: str
    ask: Ask


CRITERIA: Final[Registry[Criterion]] = Registry("exit criterion")


def criterion(name: str, title: str) -> Callable[[Ask], Ask]:
    """Decorator: register the function as the criterion of that name."""

    def add(ask: Ask) -> Ask:
        CRITERIA.add(name, Criterion(name, title, ask))
        return ask

    return add


def not_measured(why: str) -> Outcome:
    """Return a result for missing data: the criterion neither blocks nor confirms recovery."""
    return Outcome(Verdict.UNKNOWN, why, is_measured=False)


@dataclass(frozen=True, slots=True)
class CriteriaResults:
    """The results of every criterion."""

    outcomes: Sequence[tuple[Criterion, Outcome]]

    @property
    def is_recovered(self) -> bool:
        """Return whether recovery was observed: missing data does not count, a positive sign is needed."""
        measured = [one for _, one in self.outcomes if one.is_measured]
        passed = all(one.verdict == Verdict.PASSED for one in measured)
        return passed and any(one.is_positive for one in measured)

    @property
    def has_failed(self) -> bool:
        """Return whether a criterion failed."""
        return any(one.verdict == Verdict.FAILED for _, one in self.outcomes)

    @property
    def signs(self) -> str:
        """Return why it counts as recovered: the positive signs."""
        return "; ".join(one.why for _, one in self.outcomes if one.is_positive)
