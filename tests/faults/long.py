"""The long run: a burst for every fault and seed, and an account of every acknowledged event.

    python -m tests.faults.long [--seeds 1 2 3] [--events 2000] [--minutes 8] [--only "web killed"]

Starts a Tocsin with proxies before its PostgreSQL and Valkey. Each round sends a burst, shuffled, a
fifth of it twice, until all is acknowledged, injects one fault in the middle, and waits until all is well.
Without --seeds it goes on with 1, 2, 3, ... until the minutes are up. Prints one line a round and a table at
the end. Exit status 1 when anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields

from bench.harness.machine import facts
from tests.faults.account import Account, account
from tests.faults.burst import SETTLED_WITHIN_S, Burst, during
from tests.faults.injected_faults import FAULTS
from tests.faults.running import Wired, running

SERVICES = 10


@dataclass
class Run:
    """What all rounds came to: the sum of their accounts, the seconds of each, the seeds that were begun."""

    total: Account = field(default_factory=Account)
    took: list[float] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)


def one_round(tocsin: Wired, name: str, seed: int, events: int) -> tuple[Account, float]:
    """Returns the account and the seconds it took after the fault until all was right."""
    burst, dice = Burst(services=SERVICES, each=-(-events // SERVICES), seed=seed), random.Random(seed)
    over = time.monotonic()

    def fault() -> None:
        nonlocal over
        FAULTS[name](tocsin, dice)
        over = time.monotonic()

    during(burst, tocsin, fault, share=dice.uniform(0.1, 0.6))
    settled(burst, tocsin)
    took = time.monotonic() - over
    if not tocsin.until(lambda: tocsin.status() == "ready", SETTLED_WITHIN_S):
        raise SystemExit(f"after {name!r} it did not become ready again\n{tocsin.log()[-5000:]}")
    return settled(burst, tocsin), took


def settled(burst: Burst, tocsin: Wired) -> Account:
    """Returns the first account that is right, or the last one if none is in time.

    Evidence, analysis and escalation cause deliveries again and again, so the next account may not be.
    """
    found = account(burst, tocsin)

    def is_right() -> bool:
        nonlocal found
        found = account(burst, tocsin)
        return found.is_right()

    tocsin.until(is_right, SETTLED_WITHIN_S)
    return found


def rounds(names: list[str], seeds: Iterable[int], minutes: float) -> Iterator[tuple[str, int, int]]:
    """(fault, seed of the run, seed of the round): all faults for each seed, in an order of its own."""
    end = time.monotonic() + minutes * 60
    for seed in seeds:
        dice = random.Random(seed)
        for name in dice.sample(names, len(names)):
            if time.monotonic() > end:
                return
            yield name, seed, dice.randrange(1 << 30)


def main() -> int:
    """Returns the exit status."""
    given = _arguments()
    run, seeds = Run(), given.seeds or itertools.count(1)
    with running(Wired, is_migrated=False) as tocsin:
        assert isinstance(tocsin, Wired)
        for number, (name, seed, dice) in enumerate(rounds(given.only, seeds, given.minutes), 1):
            found, took = one_round(tocsin, name, dice, given.events)
            run.total.add(found)
            run.took.append(took)
            run.seeds += [] if seed in run.seeds else [seed]
            state = "right" if found.is_right() else f"WRONG {found}"
            print(f"{number:4}  seed {seed}  {name:36}  {took:5.1f} s  {state}", flush=True)
    _print_table(run, len(given.only))
    return 0 if run.total.is_right() else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=None, help="begin no round after so long")
    parser.add_argument("--seeds", type=int, nargs="+", help="all troubles once for each of them")
    parser.add_argument("--events", type=int, default=240, help="in every round, at least")
    parser.add_argument("--only", nargs="+", choices=sorted(FAULTS), default=sorted(FAULTS))
    given = parser.parse_args()
    given.minutes = given.minutes or (float("inf") if given.seeds else 8.0)
    return given


def _print_table(run: Run, faults: int) -> None:
    summary = ", ".join(f"{name} {value}" for name, value in facts().items())
    seeds, took = ", ".join(map(str, run.seeds)), sorted(run.took)
    print(f"\n{len(took)} rounds, {faults} faults, seeds {seeds}; {summary}\n")
    print("| what | how many |\n|---|---|")
    for one in fields(run.total):
        print(f"| {one.name.replace('_', ' ')} | {getattr(run.total, one.name):,} |")
    print(f"| seconds until all was right again, median | {took[len(took) // 2]:.1f} |")
    print(f"| seconds until all was right again, 95 of 100 | {took[int(len(took) * 0.95)]:.1f} |")


if __name__ == "__main__":
    sys.exit(main())
