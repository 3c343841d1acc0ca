"""Exit criteria of recovery: a registry of questions about facts, each answered pass, fail or unknown."""

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
    """What a criterion says. Unknown is never taken for pass."""

    PASSED = "pass"
    FAILED = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict and why. `is_positive`: seen to work; `is_measured`: the incident has such facts."""

    verdict: Verdict
    why: str
    is_positive: bool = False
    is_measured: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """Whether an incident has recovered: from facts between `since` and `now`, over the last `window`."""

    incident: Incident
    components: Sequence[str]
    since: datetime
    now: datetime
    window: timedelta = DEFAULT_WINDOW
    excluded: frozenset[int] = field(default_factory=frozenset)

    @property
    def begins(self) -> datetime:
        """Where the last `window` begins, never before `since`."""
        return max(self.since, self.now - self.window)

    @property
    def is_whole(self) -> bool:
        """Whether a whole window has passed since the action ended."""
        return self.now - self.since >= self.window

    @property
    def progress(self) -> str:
        """How much of the window has passed, in words."""
        seen, all_of_it = (self.now - self.since).total_seconds(), self.window.total_seconds()
        return f"{max(0, min(seen, all_of_it)):.0f} of {all_of_it:.0f} s watched"


Ask = Callable[[Question], Outcome]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A named question. `title` is what people read."""

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
    """The incident has no facts of that kind: the criterion neither holds up nor helps."""
    return Outcome(Verdict.UNKNOWN, why, is_measured=False)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of every criterion."""

    outcomes: Sequence[tuple[Criterion, Outcome]]

    @property
    def is_recovered(self) -> bool:
        """Whether recovery was observed. Silence is not: something must have been seen to work."""
        measured = [one for _, one in self.outcomes if one.is_measured]
        passed = all(one.verdict == Verdict.PASSED for one in measured)
        return passed and any(one.is_positive for one in measured)

    @property
    def has_failed(self) -> bool:
        """Whether a criterion says that it has not recovered."""
        return any(one.verdict == Verdict.FAILED for _, one in self.outcomes)

    @property
    def signs(self) -> str:
        """Why it is taken for recovered: the positive signs."""
        return "; ".join(one.why for _, one in self.outcomes if one.is_positive)
