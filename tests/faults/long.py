"""The long run: a burst for every trouble, again and again, and an account of every acknowledged event.

    python -m tests.faults.long --minutes 8 [--seed 1]

Starts a Tocsin with proxies before its PostgreSQL and Valkey. Each round sends a burst, shuffled, a
fifth of it twice, until all is acknowledged, makes one trouble in the middle, and waits until all is well.
Prints one line a round and a table at the end. Exit status 1 when anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields

from bench.harness.machine import facts
from tests.faults.burst import SETTLED_WITHIN_S, Burst
from tests.faults.running import Wired, running
from tests.faults.troubles import TROUBLES

ACCOUNT = """
select count(*), count(distinct event_id),
       count(*) filter (where not exists (select 1 from detection_incident_event l
         where l.workspace_id = e.workspace_id and l.event_id = e.id))
  from detection_event e where event_id like %s
"""
INCIDENTS = """
select count(*), coalesce(sum(n - 1), 0) from (
  select e.source, count(distinct l.incident_id) n from detection_event e
    join detection_incident_event l on l.workspace_id = e.workspace_id and l.event_id = e.id
   where e.event_id like %s group by 1) of_one
"""
MISCOUNTED = """
select count(*) from incidents_incident i where i.event_count <>
  (select count(*) from detection_incident_event l where l.incident_id = i.id)
"""
UNSETTLED = "select count(*) from core_outboxdispatch where state <> 'done'"


@dataclass
class Account:
    """What one round came to. `uncounted`: stored, but on no incident."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    uncounted: int = 0
    incidents: int = 0
    incidents_lost: int = 0
    incidents_doubled: int = 0
    incidents_miscounted: int = 0
    undelivered: int = 0

    def is_right(self) -> bool:
        """Nothing is missing and nothing is there twice."""
        kept = {"acknowledged", "incidents"}
        return not any(getattr(self, field.name) for field in fields(self) if field.name not in kept)

    def add(self, other: Account) -> None:
        """Sum up."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def account(burst: Burst, tocsin: Wired) -> Account:
    """Held against the database, which is the truth."""
    like, wanted = f"{burst.name}-%", burst.services * burst.each
    stored, different, uncounted = tocsin.row(ACCOUNT, like)
    incidents, doubled = tocsin.row(INCIDENTS, like)
    return Account(
        acknowledged=wanted,
        lost=wanted - different,
        doubled=stored - different,
        uncounted=uncounted,
        incidents=incidents,
        incidents_lost=burst.services - incidents,
        incidents_doubled=int(doubled),
        incidents_miscounted=tocsin.row(MISCOUNTED)[0],
        undelivered=tocsin.row(UNSETTLED)[0],
    )


def one_round(tocsin: Wired, name: str, seed: int) -> tuple[Account, float]:
    """Returns the account and the seconds it took after the trouble until all was right."""
    burst, dice = Burst(services=6, each=40, seed=seed), random.Random(seed)
    sender = threading.Thread(target=burst.send, args=(tocsin,))
    sender.start()
    time.sleep(dice.uniform(0.05, 0.4))
    TROUBLES[name](tocsin, dice)
    over = time.monotonic()
    sender.join()
    tocsin.until(lambda: account(burst, tocsin).is_right(), SETTLED_WITHIN_S)
    took = time.monotonic() - over
    if not tocsin.until(lambda: tocsin.status() == "ready", SETTLED_WITHIN_S):
        raise SystemExit(f"after {name!r} it did not become ready again\n{tocsin.log()[-5000:]}")
    return account(burst, tocsin), took


def rounds(minutes: float, seed: int) -> Iterator[tuple[str, int]]:
    """Every trouble in an order of its own, again and again until the time is up."""
    end, dice = time.monotonic() + minutes * 60, random.Random(seed)
    while True:
        for name in dice.sample(sorted(TROUBLES), len(TROUBLES)):
            if time.monotonic() > end:
                return
            yield name, dice.randrange(1 << 30)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=8)
    parser.add_argument("--seed", type=int, default=1)
    given, total, slowest = parser.parse_args(), Account(), list[float]()
    with running(Wired) as tocsin:
        assert isinstance(tocsin, Wired)
        for number, (name, seed) in enumerate(rounds(given.minutes, given.seed), 1):
            found, took = one_round(tocsin, name, seed)
            total.add(found)
            slowest.append(took)
            state = "right" if found.is_right() else f"WRONG {found}"
            print(f"{number:4}  {name:36}  {took:5.1f} s  {state}", flush=True)
    _print_table(total, sorted(slowest))
    return 0 if total.is_right() else 1


def _print_table(total: Account, took: list[float]) -> None:
    said = ", ".join(f"{name} {value}" for name, value in facts().items())
    print(f"\n{len(took)} rounds, {len(TROUBLES)} troubles; {said}\n\n| what | how many |\n|---|---|")
    for field in fields(total):
        print(f"| {field.name.replace('_', ' ')} | {getattr(total, field.name):,} |")
    print(f"| seconds until all was right again, median | {took[len(took) // 2]:.1f} |")
    print(f"| seconds until all was right again, 95 of 100 | {took[int(len(took) * 0.95)]:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
