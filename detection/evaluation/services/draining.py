"""Drains pending groups: those that may open an incident first.

A further event of an open incident decides nothing, and under a steady stream nearly all events are such.
Counting them together ten times a second leaves the time between to those that someone waits for. Those of an
incident that is locked just then wait for the next time.
"""

from __future__ import annotations

import time
from typing import Final

from django.db import transaction
from django.utils import timezone

from core.sql.prepared import pipelined, plan_once, rows, send
from detection.evaluation import windows
from detection.evaluation.findings import Touched, merged
from detection.evaluation.services.evaluate import Evaluated, evaluate

DRAIN_ROWS: Final = 2000
COUNT_EVERY_S: Final = 0.1
LOOK_EVERY_S: Final = 0.01
# More than these cost more to leave out than to take.
MAX_JOINING: Final = 1000
WORTH_A_REST_S, MAX_REST_S = 0.005, 0.03
_ALL_SPACE: Final = 0x70C52  # the advisory lock of those who take everything, shared, or pass over some


def drain(*, slice_seconds: float = 1.0) -> bool:
    """Evaluate all that is waiting now; returns whether some of it is still waiting.

    What comes meanwhile is for the next: its sender nudges again.
    """
    until = time.monotonic() + slice_seconds
    done = Evaluated()
    while _take_all(done) == DRAIN_ROWS:
        if time.monotonic() >= until:
            return True
    _joining.keep(_keys(done.joined))
    return bool(done.put_back)


def _take_all(done: Evaluated) -> int:
    """One transaction: take up to 2,000 touched pairs, evaluate them, act. Returns how many were taken."""
    with transaction.atomic(), pipelined():
        plan_once()
        send("select pg_advisory_xact_lock_shared(%s::int, 0)", [_ALL_SPACE])
        taken = rows(windows.TAKE, [DRAIN_ROWS])
        if taken:
            one = evaluate(timezone.now(), pairs=merged(taken))
            done.joined += one.joined
            done.put_back += one.put_back
    return len(taken)


def drain_urgent() -> None:
    """For as long as further events of open incidents can wait, evaluate all but those."""
    while (left := _joining.may_wait()) > 0:
        began = time.monotonic()
        _take_urgent()
        time.sleep(max(0.0, min(left, LOOK_EVERY_S) - (time.monotonic() - began)))


def _take_urgent() -> None:
    """Whoever takes everything takes these too: then there is nothing to do here."""
    with transaction.atomic(), pipelined():
        plan_once()
        if rows("select pg_try_advisory_xact_lock(%s::int, 0)", [_ALL_SPACE]) != [(True,)]:
            return
        taken = rows(windows.TAKE_OTHERS, [*_joining.columns(), DRAIN_ROWS])
        if taken:
            _joining.pairs |= _keys(evaluate(timezone.now(), pairs=merged(taken)).joined)


def rest(*, worked_s: float) -> None:
    """Under a steady stream drain half of the time: what comes in the other half costs one more drain."""
    if worked_s > WORTH_A_REST_S and not _joining.pairs:
        time.sleep(min(worked_s, MAX_REST_S))


def _keys(pairs: list[Touched]) -> set[tuple[int, str]]:
    return {(pair.rule_id, pair.group_key) for pair in pairs}


class _Joining:
    """The pairs (rule, group) that joined an open incident when all were last taken by this process."""

    def __init__(self) -> None:
        self.pairs: set[tuple[int, str]] = set()
        self._due = 0.0

    def keep(self, pairs: set[tuple[int, str]]) -> None:
        """All were taken just now, and these joined."""
        self.pairs = pairs if len(pairs) <= MAX_JOINING else set()
        self._due = time.monotonic() + COUNT_EVERY_S

    def may_wait(self) -> float:
        """Seconds until all are to be taken again; 0 or less when there is nothing to pass over."""
        return self._due - time.monotonic() if self.pairs else 0.0

    def columns(self) -> tuple[list[int], list[str]]:
        """The pairs, as PostgreSQL takes them."""
        return [rule for rule, _ in self.pairs], [group for _, group in self.pairs]


_joining = _Joining()
