"""Every fault of the long run: how it is injected in the middle of a burst, and how it is ended."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from typing import Final

import redis

from core.embedded.process import Handle, alive, wait_until
from tests.faults.pressure import full_valkey, short_of_memory, weigh_down
from tests.faults.restarts import restart, roll
from tests.faults.running import Wired

# Longer than any lease (`core.queues.RELAY`).
STOPPED_S: Final = 12.0
Fault = Callable[[Wired, random.Random], None]
FAULTS: Final[dict[str, Fault]] = {}


def _fault(name: str) -> Callable[[Fault], Fault]:
    def register(call: Fault) -> Fault:
        FAULTS[name] = call
        return call

    return register


def _add_kills() -> None:
    for program in ("web", "detection", "slow", "beat"):
        FAULTS[f"{program} killed"] = lambda tocsin, dice, program=program: tocsin.kill(program)
    FAULTS["one web process killed"] = lambda tocsin, dice: tocsin.kill("web", child=True)


def _add_wires() -> None:
    for server in ("database", "valkey"):
        for how in ("cut", "reset", "half_close", "refuse", "swallow"):
            FAULTS[f"{server}: {how.replace('_', ' ')}"] = lambda tocsin, dice, server=server, how=how: (
                _for_a_while(tocsin, dice, server, how)
            )


def _for_a_while(tocsin: Wired, dice: random.Random, server: str, how: str) -> None:
    getattr(getattr(tocsin, f"{server}_wire"), how)()
    time.sleep(dice.uniform(0.2, 2.0))
    tocsin.heal()


_add_kills()
_add_wires()


@_fault("database: answer to a commit cut")
def _cut_commits(tocsin: Wired, dice: random.Random) -> None:
    for _ in range(3):
        tocsin.database_wire.cut_response_to(b'"boom"', deliver=dice.choice([0, 5, 9, 40]))
        time.sleep(0.15)
    tocsin.heal()


@_fault("database: slow")
def _slow(tocsin: Wired, dice: random.Random) -> None:
    tocsin.database_wire.slow(dice.uniform(0.005, 0.03))
    time.sleep(2)
    tocsin.heal()


@_fault("PostgreSQL killed")
def _kill_postgresql(tocsin: Wired, dice: random.Random) -> None:
    _kill(tocsin.postgres.handle())
    time.sleep(dice.uniform(0.0, 1.0))
    tocsin.postgres.start()


@_fault("PostgreSQL restarted")
def _restart_postgresql(tocsin: Wired, dice: random.Random) -> None:
    tocsin.postgres.stop()
    tocsin.postgres.start()


@_fault("Valkey killed")
def _kill_valkey(tocsin: Wired, dice: random.Random) -> None:
    _kill(tocsin.valkey.handle())
    time.sleep(dice.uniform(0.0, 2.0))
    tocsin.valkey.start()


@_fault("Valkey flushed")
def _flush_valkey(tocsin: Wired, dice: random.Random) -> None:
    with redis.Redis.from_url(tocsin.valkey.url()) as client:
        for _ in range(5):
            client.flushall()
            time.sleep(0.2)


@_fault("Valkey full")
def _fill_valkey(tocsin: Wired, dice: random.Random) -> None:
    with full_valkey(tocsin):
        time.sleep(dice.uniform(2.0, 12.0))


@_fault("asked to stop, and started again")
def _restart(tocsin: Wired, dice: random.Random) -> None:
    restart(tocsin)


@_fault("rolling restart")
def _roll(tocsin: Wired, dice: random.Random) -> None:
    roll(tocsin)


@_fault("web short of memory")
def _tight_web(tocsin: Wired, dice: random.Random) -> None:
    with short_of_memory(tocsin, "web", dice.randrange(40) << 20):
        weigh_down(tocsin)


@_fault("workers short of memory")
def _tight_workers(tocsin: Wired, dice: random.Random) -> None:
    room = dice.randrange(0, 16) << 20
    with short_of_memory(tocsin, "detection", room), short_of_memory(tocsin, "slow", room):
        weigh_down(tocsin)


@_fault("Valkey away for long")
def _no_valkey_for_long(tocsin: Wired, dice: random.Random) -> None:
    tocsin.valkey_wire.refuse()
    time.sleep(dice.uniform(20.0, 30.0))
    tocsin.heal()


@_fault("workers stopped past their leases")
def _stop_workers(tocsin: Wired, dice: random.Random) -> None:
    stopped = tocsin.stop_programs("slow") + tocsin.stop_programs("detection")
    time.sleep(STOPPED_S)
    for one in stopped:
        one.resume()


@_fault("everything killed at once")
def _kill_all(tocsin: Wired, dice: random.Random) -> None:
    for program in ("web", "detection", "slow", "beat"):
        tocsin.kill(program)
    _kill(tocsin.valkey.handle())
    tocsin.valkey.start()


def _kill(handle: Handle | None) -> None:
    if handle is not None:
        os.kill(handle.pid, signal.SIGKILL)
        # Else the next start would take it for one that runs.
        wait_until(lambda: not alive(handle), 10)
