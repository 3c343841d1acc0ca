"""Memory pressure: a full Valkey, and processes that get no more memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import psutil
import redis
import requests

from tests.faults.running import Running

# As much as one request may hold: 1,000 events, a million bytes.
HEAVY: Final = [{"service": "heavy", "level": "info", "message": "x" * 900} for _ in range(1000)]

# Less than an empty Valkey takes, so that it is full at once.
FULL: Final = {"maxmemory": "1mb", "maxmemory-policy": "noeviction"}


@contextlib.contextmanager
def full_valkey(tocsin: Running) -> Iterator[None]:
    """It responds, allows reads and deletes, and refuses every write that needs memory."""
    with redis.Redis.from_url(tocsin.valkey.url()) as client:
        before = client.config_get("maxmemory*")
        for name, value in FULL.items():
            client.config_set(name, value)
        try:
            yield
        finally:
            for name in FULL:
                client.config_set(name, before[name])


@contextlib.contextmanager
def short_of_memory(tocsin: Running, program: str, room: int = 0) -> Iterator[list[psutil.Process]]:
    """Every process of a program gets `room` more bytes of address space, and not one beyond.

    Yields them: the youngest, which do the work, where there are several. Those that end are started again
    without the limit; in the end no one has it.
    """
    first, *workers = tocsin.programs(program)
    found = workers or [first]
    for one in found:
        one.rlimit(psutil.RLIMIT_AS, (one.memory_info().vms + room, psutil.RLIM_INFINITY))
    try:
        yield found
    finally:
        for one in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.rlimit(psutil.RLIMIT_AS, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))


def weigh_down(tocsin: Running, count: int = 32) -> list[int]:
    """The largest requests, sixteen at once. Returns the status of each; 0 for one without a response."""
    with ThreadPoolExecutor(16) as senders:
        return list(senders.map(lambda _: _heavy(tocsin), range(count)))


def _heavy(tocsin: Running) -> int:
    try:
        return requests.post(f"{tocsin.url}/api/v1/events", json=HEAVY, timeout=20).status_code
    except requests.RequestException:
        return 0
