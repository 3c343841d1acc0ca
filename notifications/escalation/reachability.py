"""Computes whom a policy would reach, for every possible start of an incident. Pure.

The outcome changes only where a shift boundary meets a step, so it is computed once per stretch between such
moments; the result equals a check of every minute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from accounts.oncall.turns import Span
from notifications.escalation.plan import Due, Plan, Target, timetable

MAX_OFFSETS: Final = 1000
MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class People:
    """Input of the computation: shifts by schedule, members by role, verified methods by person."""

    shifts: Mapping[int, Sequence[Span]]
    roles: Mapping[str, Sequence[int]]
    methods: Mapping[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who is first reached by a verified method, after how many seconds, and all methods used.

    by_fallback: the policy itself names no one, so all admins are paged at the end of its first round.
    """

    delay_s: int | None = None
    user_id: int | None = None
    method: str = ""
    methods: frozenset[str] = frozenset()
    without_method: frozenset[int] = frozenset()
    by_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """The outcome for incidents that begin in [`starts_at`, `ends_at`)."""

    starts_at: datetime
    ends_at: datetime
    outcome: Outcome


@dataclass(slots=True)
class Report:
    """Reachability of a policy over a period: its stretches and problems."""

    name: str
    stretches: list[Stretch] = field(default_factory=list)

    @property
    def holes(self) -> list[Stretch]:
        """The stretches in which the policy reaches no one, or only the admins as a last resort."""
        return [one for one in self.stretches if one.outcome.delay_s is None or one.outcome.by_fallback]

    @property
    def single_method(self) -> str:
        """The only method that the whole policy depends on, or ""."""
        used = {method for one in self.stretches for method in one.outcome.methods}
        return next(iter(used)) if len(used) == 1 else ""

    @property
    def without_method(self) -> set[int]:
        """People whom the policy names and who have no verified method."""
        return {pk for one in self.stretches for pk in one.outcome.without_method}

    @property
    def longest_delay_s(self) -> int:
        """The longest wait until someone is reached, where anyone is."""
        return max((one.outcome.delay_s or 0 for one in self.stretches), default=0)


def report(plan: Plan, own_schedule: int | None, people: People, *, start: datetime, end: datetime) -> Report:
    """Reachability of a policy between two instants."""
    table = list(timetable(plan))
    moments = _moments(plan, table, own_schedule, people, start, end)
    found = Report(plan.name)
    for starts, ends in pairwise(moments):
        outcome = outcome_at(table, own_schedule, people, starts)
        if found.stretches and found.stretches[-1].outcome == outcome:
            found.stretches[-1] = Stretch(found.stretches[-1].starts_at, ends, outcome)
        else:
            found.stretches.append(Stretch(starts, ends, outcome))
    return found


def outcome_at(table: Sequence[Due], own_schedule: int | None, people: People, began_at: datetime) -> Outcome:
    """The outcome for an incident that begins at a moment, while no one acknowledges.

    A step that names no one is followed by the next one immediately, as in a real escalation.
    """
    walk = _Walk(people.methods)
    skipped_s, by_fallback = 0, False
    for due in table:
        at_s = due.at_s - skipped_s
        named = _named(due, own_schedule, people, began_at + timedelta(seconds=at_s))
        walk.page(named, at_s)
        is_last = due.position == table[-1].position
        if is_last and not walk.has_paged:
            walk.page(people.roles.get("admin", ()), at_s)
            by_fallback, walk.has_paged = True, False
        if not named and not is_last and not any(one.kind == "channel" for one in due.step.targets):
            skipped_s += due.step.wait_s
    return walk.outcome(by_fallback)


class _Walk:
    """Accumulates who was paged."""

    def __init__(self, methods: Mapping[int, Sequence[str]]) -> None:
        self.methods = methods
        self.first: tuple[int, int, str] | None = None
        self.used: set[str] = set()
        self.without: set[int] = set()
        self.has_paged = False

    def page(self, people: Sequence[int], at_s: int) -> None:
        self.has_paged |= any(self.methods.get(user_id) for user_id in people)
        for user_id in people:
            methods = self.methods.get(user_id, ())
            self.used.update(methods)
            if not methods:
                self.without.add(user_id)
            elif self.first is None:
                self.first = (at_s, user_id, methods[0])

    def outcome(self, by_fallback: bool) -> Outcome:
        delay_s, user_id, method = self.first or (None, None, "")
        return Outcome(delay_s, user_id, method, frozenset(self.used), frozenset(self.without), by_fallback)


def _moments(
    plan: Plan,
    table: Sequence[Due],
    own_schedule: int | None,
    people: People,
    start: datetime,
    end: datetime,
) -> list[datetime]:
    """Moments at which the outcome may change: shift boundaries minus the offsets of steps."""
    targets = {target for step in plan.steps for target in step.targets}
    shift_edges = {
        edge
        for target in targets
        for span in _spans(target, own_schedule, people)
        for edge in (span.starts_at, span.ends_at)
    }
    offsets = _offsets(table)
    if offsets is None:
        count = int((end - start) / MINUTE)
        return [start + number * MINUTE for number in range(count)] + [end]
    found = {edge - timedelta(seconds=offset) for edge in shift_edges for offset in offsets}
    return sorted({start, end} | {moment for moment in found if start < moment < end})


def _offsets(table: Sequence[Due]) -> set[int] | None:
    """Offsets at which steps may run; a step that names no one moves the later ones forward.

    None: too many; check every minute instead.
    """
    current, every = {0}, {0}
    for due in table:
        current = {offset + due.step.wait_s for offset in current} | current
        every |= current
        if len(every) > MAX_OFFSETS:
            return None
    return every


def _named(due: Due, own_schedule: int | None, people: People, moment: datetime) -> list[int]:
    found: dict[int, None] = {}
    for target in due.step.targets:
        if target.kind == "user" and target.id is not None:
            found[target.id] = None
        elif target.kind == "role":
            found |= dict.fromkeys(people.roles.get(target.role, ()))
        for span in _spans(target, own_schedule, people):
            if span.starts_at <= moment < span.ends_at:
                found[span.user_id] = None
    return list(found)


def _spans(target: Target, own_schedule: int | None, people: People) -> Sequence[Span]:
    if target.kind != "on_call":
        return ()
    schedule_id = target.id if target.id is not None else own_schedule
    return people.shifts.get(schedule_id, ()) if schedule_id is not None else ()
