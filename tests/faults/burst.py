"""A burst of events as misbehaving senders send it, and the account of its expected result."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from core.embedded.process import wait_until
from tests.faults.running import Running

SETTLED_WITHIN_S = 150
_serial = itertools.count(1)


@dataclass
class Burst:
    """`services` services with `each` events: shuffled, in batches, some twice, until acknowledged.

    Sent by `senders` at once in batches of up to `batch`; `through` is how many batches are acknowledged,
    each of which is tried for `within_s`.
    """

    services: int = 8
    each: int = 30
    seed: int = 7
    batch: int = 4
    senders: int = 4
    message: str = "boom"
    name: str = field(default_factory=lambda: f"burst{next(_serial)}")
    through: int = 0
    within_s: float = 60

    def events(self) -> list[dict[str, str]]:
        """Every event once, in an order of its own."""
        made = [
            {
                "service": f"{self.name}-{s}",
                "level": "error",
                "message": self.message,
                "event_id": f"{self.name}-{s}-{n}",
            }
            for s in range(self.services)
            for n in range(self.each)
        ]
        random.Random(self.seed).shuffle(made)
        return made

    def parcels(self) -> list[list[dict[str, str]]]:
        """Every fifth batch comes a second time, somewhere."""
        events, dice = self.events(), random.Random(self.seed)
        batches = [events[i : i + self.batch] for i in range(0, len(events), self.batch)]
        batches += dice.sample(batches, len(batches) // 5)
        dice.shuffle(batches)
        return batches

    def send(self, tocsin: Running, *others: Running) -> None:
        """Returns when every batch was acknowledged; a sender without a response sends again.

        With other hosts each attempt goes to the next one, as a load balancer sends it.
        """
        turn = itertools.cycle((tocsin, *others))
        with ThreadPoolExecutor(self.senders) as senders:
            list(senders.map(lambda batch: self._until_acknowledged(turn, batch), self.parcels()))

    def _until_acknowledged(self, turn: Iterator[Running], batch: list[dict[str, str]]) -> None:
        met = wait_until(lambda: acknowledged(next(turn), batch), self.within_s, pause=0.1)
        assert met, f"never acknowledged: {batch}"
        self.through += 1

    def outcome(self, tocsin: Running) -> dict[str, object]:
        """What came of it: events stored and doubled, whose incidents, and the events counted on them."""
        like = f"{self.name}-%"
        stored, different = tocsin.row(
            "select count(*), count(distinct event_id) from detection_event where event_id like %s", like
        )
        incidents = [i for i in _incidents(tocsin) if str(i["service"]).startswith(f"{self.name}-")]
        return {
            "stored": stored,
            "doubled": stored - different,
            "incidents": sorted(str(i["service"]) for i in incidents),
            "counted": sorted(int(str(i["event_count"])) for i in incidents),
        }

    def expected(self) -> dict[str, object]:
        """The only right outcome."""
        return {
            "stored": self.services * self.each,
            "doubled": 0,
            "incidents": sorted(f"{self.name}-{s}" for s in range(self.services)),
            "counted": [self.each] * self.services,
        }


def acknowledged(tocsin: Running, batch: list[dict[str, str]]) -> bool:
    """Send once. Returns whether the events were acknowledged."""
    try:
        response = requests.post(f"{tocsin.url}/api/v1/events", json=batch, timeout=20)
    except requests.RequestException:
        return False
    assert response.status_code in {202, 500, 502, 503}, response.text
    return response.status_code == 202


def _incidents(tocsin: Running) -> list[dict[str, object]]:
    response = requests.get(f"{tocsin.url}/api/v1/incidents", params={"limit": 200}, timeout=20)
    response.raise_for_status()
    found: list[dict[str, object]] = response.json()
    return found


def during(
    burst: Burst, tocsin: Running, fault: Callable[[], None], share: float = 0.3, *others: Running
) -> None:
    """Send the burst, also to other hosts; inject the fault after that share of its batches."""
    sender = threading.Thread(target=burst.send, args=(tocsin, *others))
    sender.start()
    wanted = share * len(burst.parcels())
    wait_until(lambda: burst.through >= wanted or not sender.is_alive(), SETTLED_WITHIN_S, pause=0.002)
    fault()
    sender.join(timeout=120)
    assert not sender.is_alive()


def check_it_settles(burst: Burst, tocsin: Running) -> None:
    """What was acknowledged is stored once and counted once, and Tocsin is well again."""

    def right() -> bool:
        try:
            return burst.outcome(tocsin) == burst.expected()
        except requests.RequestException:
            return False

    tocsin.until(right, SETTLED_WITHIN_S)
    found, wanted = burst.outcome(tocsin), burst.expected()
    assert found == wanted, f"{found} is not {wanted}"
    assert tocsin.until(lambda: tocsin.status() == "ready", SETTLED_WITHIN_S), tocsin.log()[-20000:]
