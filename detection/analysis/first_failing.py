"""Finds the source that failed first, using the dependencies of components. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

CLOCK_TOLERANCE: Final = timedelta(seconds=2)
MAX_LAG: Final = timedelta(seconds=15)  # what is the cause may log its first error so much later
MIN_LEAD: Final = 1.5  # factor between numbers of errors, if the times do not decide


@dataclass(frozen=True, slots=True)
class FailingSource:
    """A source with errors: the time of the first one, and how many there are."""

    first_at: datetime
    errors: int


@dataclass(frozen=True, slots=True)
class FirstFailing:
    """The source that failed first, or None if nothing decides between the candidates; with the reason."""

    source: str | None
    reason: str
    candidates: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as the analysis stores it."""
        return {"source": self.source, "reason": self.reason, "candidates": list(self.candidates)}


def first_failing(failing: Mapping[str, FailingSource], depends_on: Mapping[str, Set[str]]) -> FirstFailing:
    """Return the failing source none of whose dependencies fails; of several the earliest.

    If they began together, the one with clearly more errors. A dependency that began to fail well after a
    source is not its cause, and a source on which no failing one depends is one only if there is no other.

    depends_on: source -> direct dependencies. Cycles are followed once.
    """
    if not failing:
        return FirstFailing(None, "No source sent errors.")
    if len(failing) == 1:
        [only] = failing
        return FirstFailing(only, f"Only {only} sent errors.", (only,))
    blamed = {name: _failing_below(name, failing, depends_on) for name in failing}
    roots = sorted(name for name, below in blamed.items() if not below) or sorted(failing)
    explaining = set().union(*blamed.values())
    roots = [name for name in roots if name in explaining] or roots
    if len(roots) == 1:
        others = sorted(name for name, below in blamed.items() if roots[0] in below)
        verb = "depends" if len(others) == 1 else "depend"
        why = f"{', '.join(others[:3])} {verb} on it" if others else "nothing it depends on fails"
        return FirstFailing(roots[0], f"{roots[0]} fails and {why}.", (roots[0],))
    return _by_time(roots, failing)


def _failing_below(
    name: str, failing: Mapping[str, FailingSource], depends_on: Mapping[str, Set[str]]
) -> set[str]:
    """Return failing direct and indirect dependencies of `name`, without those that depend on it.

    And without those that began to fail well after it.
    """
    latest = failing[name].first_at + MAX_LAG
    below = [one for one in _reach(name, depends_on) if one in failing and failing[one].first_at <= latest]
    return {one for one in below if one != name and name not in _reach(one, depends_on)}


def _reach(start: str, depends_on: Mapping[str, Set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for one in depends_on.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def _by_time(names: list[str], failing: Mapping[str, FailingSource]) -> FirstFailing:
    """Return the earliest if beyond clock tolerance, else the one with clearly more errors, else none."""
    began = min(failing[name].first_at for name in names)
    early = [name for name in names if failing[name].first_at - began <= CLOCK_TOLERANCE]
    if len(early) == 1:
        second = min(failing[name].first_at for name in names if name != early[0])
        lead = round((second - began).total_seconds())
        return FirstFailing(
            early[0], f"{early[0]} sent the first error, {lead} s before the next.", (*names,)
        )
    ranked = sorted(early, key=lambda name: (-failing[name].errors, name))
    first, second_name = ranked[:2]
    if failing[first].errors >= MIN_LEAD * failing[second_name].errors:
        reason = f"{first} has {failing[first].errors} errors, {second_name} {failing[second_name].errors}; "
        return FirstFailing(first, reason + "they began within 2 s.", tuple(ranked))
    return FirstFailing(None, f"Cannot tell between {first} and {second_name}.", tuple(ranked))
