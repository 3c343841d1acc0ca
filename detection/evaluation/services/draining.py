"""Drains pending groups: those that may open an incident first.

Further events of open incidents are not urgent, and under a steady stream nearly all events are such.
Counting them together twice a second leaves time for events that may open an incident. Those of an incident
that is locked are left for the next time.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from django.db import transaction
from django.utils import timezone

from core.sql.prepared import pipelined, plan_once, rows, send
from detection.evaluation import windows
from detection.evaluation.findings import TouchedGroup, merged
from detection.evaluation.services.evaluate import Evaluated, evaluate

# Most rows of one transaction, and how long one may take before the next takes fewer: a burst that begins in
# between waits for it.
DRAIN_ROWS: Final = 2000
MIN_ROWS: Final = 500
STEP_S: Final = 0.03
ANY_ID: Final = 2**63 - 1
COUNT_EVERY_S: Final = 0.5
LOOK_EVERY_S: Final = 0.01
# Rows older than this were looked at before. A row whose transaction took longer waits for the next count.
LOOK_BACK_S: Final = 0.1
# beyond this number excluding them costs more than taking them
MAX_JOINING: Final = 1000
WORTH_A_REST_S, MAX_REST_S = 0.005, 0.03
# key of the advisory lock that tasks taking everything share, and tasks skipping some hold alone
_ALL_SPACE: Final = 0x70C52


def drain(*, slice_seconds: float = 1.0) -> bool:
    """Evaluate all pending pairs; returns whether some of them are still pending.

    Later arrivals are left for the next task: their sender nudges again.
    """
    until = time.monotonic() + slice_seconds
    done = Evaluated()
    newest = ANY_ID
    while _take_step(done, newest):
        if time.monotonic() >= until:
            return True
        if newest == ANY_ID:
            newest = _newest()  # what is put back has a newer id, and is not taken again and again
        if _joining.was_looked_at():
            _take_urgent()
    _joining.keep(_keys(done.joined))
    return bool(done.put_back)


def _newest() -> int:
    with transaction.atomic(), pipelined():
        return int(rows(windows.NEWEST)[0][0])


def _take_step(done: Evaluated, newest: int) -> bool:
    """Take and evaluate some touched pairs. Returns whether there may be more."""
    limit, began = _step.rows, time.monotonic()
    taken = _take_all(done, newest, limit)
    _step.adapt(taken, time.monotonic() - began)
    return taken == limit


def _take_all(done: Evaluated, newest: int, limit: int) -> int:
    """In one transaction, take and evaluate the oldest pairs up to an id. Returns how many were taken."""
    with transaction.atomic(), pipelined():
        plan_once()
        send("select pg_advisory_xact_lock_shared(%s::int, 0)", [_ALL_SPACE])
        taken = rows(windows.TAKE, [newest, limit])
        if taken:
            one = evaluate(timezone.now(), pairs=merged(taken))
            done.joined += one.joined
            done.put_back += one.put_back
    return len(taken)


def drain_urgent() -> None:
    """Evaluate all pairs but further events of open incidents, for as long as these can wait."""
    while (left := _joining.may_wait()) > 0:
        began = time.monotonic()
        _take_urgent()
        time.sleep(max(0.0, min(left, LOOK_EVERY_S) - (time.monotonic() - began)))


def _take_urgent() -> None:
    """Take the urgent pairs, if there are any and no other task is taking everything."""
    after, pairs = _joining.looked_at(), _joining.columns()
    [(newest, urgent)] = rows(windows.PEEK, [after, DRAIN_ROWS, *pairs])
    if urgent:
        with transaction.atomic(), pipelined():
            plan_once()
            if rows("select pg_try_advisory_xact_lock(%s::int, 0)", [_ALL_SPACE]) != [(True,)]:
                return
            taken = rows(windows.TAKE_OTHERS, [after, *pairs, DRAIN_ROWS])
            if taken:
                _joining.pairs |= _keys(evaluate(timezone.now(), pairs=merged(taken)).joined)
    _joining.look(max(after, newest))


def rest(*, worked_s: float) -> None:
    """Pause so that draining takes half of the time under a steady stream.

    A late event costs one more drain.
    """
    if worked_s > WORTH_A_REST_S and not _joining.pairs:
        time.sleep(min(worked_s, MAX_REST_S))


def _keys(pairs: list[TouchedGroup]) -> set[tuple[int, str]]:
    return {(pair.rule_id, pair.group_key) for pair in pairs}


class _Step:
    """How many rows one transaction takes: as many as it evaluates within `STEP_S`."""

    def __init__(self) -> None:
        self.rows = DRAIN_ROWS

    def adapt(self, taken: int, took_s: float) -> None:
        """Take half as many after a slow step, and twice as many after a quick one that was full."""
        if took_s > STEP_S:
            self.rows = max(MIN_ROWS, self.rows // 2)
        elif taken == self.rows and took_s < STEP_S / 2:
            self.rows = min(DRAIN_ROWS, self.rows * 2)


class _Joining:
    """The pairs (rule, group) that joined an open incident when this process last took all."""

    def __init__(self) -> None:
        self.pairs: set[tuple[int, str]] = set()
        self._due = 0.0
        self._looks: deque[tuple[float, int]] = deque()

    def keep(self, pairs: set[tuple[int, str]]) -> None:
        """Record that all were taken now, and that these joined."""
        self.pairs = pairs if len(pairs) <= MAX_JOINING else set()
        self._due = time.monotonic() + COUNT_EVERY_S
        self._looks.clear()

    def look(self, newest: int) -> None:
        """Record that the rows up to the id `newest` were looked at now."""
        self._looks.append((time.monotonic(), newest))

    def looked_at(self) -> int:
        """Return the newest id of `LOOK_BACK_S` ago; 0 where all were taken since then."""
        before = time.monotonic() - LOOK_BACK_S
        while len(self._looks) > 1 and self._looks[1][0] <= before:
            self._looks.popleft()
        return self._looks[0][1] if self._looks and self._looks[0][0] <= before else 0

    def was_looked_at(self) -> bool:
        """Return whether there are rows that need not be looked at again, so that a look is cheap."""
        return bool(self.looked_at())

    def may_wait(self) -> float:
        """Return the seconds until all must be taken again; 0 or less when there is nothing to skip."""
        return self._due - time.monotonic() if self.pairs else 0.0

    def columns(self) -> tuple[list[int], list[str]]:
        """Return the pairs as columns for PostgreSQL."""
        return [rule for rule, _ in self.pairs], [group for _, group in self.pairs]


_joining = _Joining()
_step = _Step()
