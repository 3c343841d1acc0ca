"""Goals 9 and 10: the cost of detection, which must not grow with idle rules or many groups."""

from __future__ import annotations

import time
from functools import partial

from bench.harness.figures import exponent, in_turn, median
from bench.harness.load import apply_load
from bench.harness.report import Report, Verdict
from bench.harness.rules import RuleShape, add_rules, switch_all_off
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import BATCH, Tocsin, running_tocsin
from bench.peers.copying import copy_rate

RULES_ARE_KNOWN_AFTER = 1.0  # seconds; the web processes check four times a second
# Counts every error by its source and never fires: a window of one second never has that many.
WATCHING = RuleShape("watch", "", 10_000, 1, level=3)


def on_and_off(scale: Scale) -> Report:
    """Goal 9."""
    cases = [(name, batch) for batch in (BATCH, 1) for name in ("on", "off")]
    with running_servers() as servers:
        rates = in_turn(
            scale.repetitions,
            {f"{name}, {batch}": partial(_rate, servers, scale, name, batch) for name, batch in cases},
        )
        limits = in_turn(
            scale.repetitions,
            {
                "COPY of events": partial(copy_rate, servers, BATCH, scale.seconds),
                "COPY of events, hits and links": partial(
                    copy_rate, servers, BATCH, scale.seconds, with_detection=True
                ),
            },
        )
    ratio = {b: median(rates[f"on, {b}"]) / median(rates[f"off, {b}"]) for b in (BATCH, 1)}
    alone, together = map(median, limits.values())
    verdicts = [
        Verdict("on / off, batches of 100, of COPY's ratio", ratio[BATCH] * alone / together, 0.85, 1, "×"),
        Verdict("on / off, single events", ratio[1], 0.65, 0.85, "×"),
    ]
    rates |= limits
    rows = [(name, median(found), min(found), max(found)) for name, found in rates.items()]
    columns = ("detection, events a request", "events/s, median", "least", "most")
    note = (
        "Off: every rule is switched off, so events are stored and deduplicated and nothing else. The ratio"
        " of the two COPYs is the physical limit: detection cannot cost less than storing what it counts."
    )
    return Report(9, "detection on against plain storage", columns, rows, verdicts, note)


def scaling(scale: Scale) -> Report:
    """Goal 10."""
    names = {f"{n:,} rules": (n, scale.groups[0]) for n in scale.rules}
    names |= {f"{n:,} groups": (scale.rules[0], n) for n in scale.groups}
    with running_servers() as servers:
        costs = in_turn(
            scale.repetitions,
            {name: partial(_cost, servers, scale, *sizes) for name, sizes in names.items()},
        )
    cost = {name: median(found) for name, found in costs.items()}
    verdicts = [
        _growth(f"exponent over {what}", cost, sizes, what)
        for what, sizes in (("rules", scale.rules), ("groups", scale.groups))
    ]
    rows = [(name, median(found), min(found), max(found)) for name, found in costs.items()]
    columns = ("with", "CPU µs/event, median", "least", "most")
    note = "CPU of Tocsin and PostgreSQL until detection has looked at everything; batches of 100."
    title = "cost of an event with more unmatched rules, more groups"
    return Report(10, title, columns, rows, verdicts, note)


def _rate(servers: Servers, scale: Scale, detection: str, batch: int) -> float:
    with running_tocsin(servers) as tocsin:
        if detection == "off":
            switch_all_off(tocsin)
            time.sleep(RULES_ARE_KNOWN_AFTER)
        return apply_load(tocsin.events, batch, scale.of_stream()).events


def _cost(servers: Servers, scale: Scale, rules: int, groups: int) -> float:
    """Return microseconds of processor time per event."""
    with running_tocsin(servers) as tocsin:
        switch_all_off(tocsin)
        add_rules(tocsin, WATCHING)
        add_rules(tocsin, RuleShape("idle", "bench.never.#", 5, 300, count=rules))
        time.sleep(RULES_ARE_KNOWN_AFTER)
        apply_load(tocsin.events, BATCH, scale, sources=groups)
        tocsin.wait_until_detected()
        stored, spent = _stored(tocsin), tocsin.cpu_seconds()
        apply_load(tocsin.events, BATCH, scale, sources=groups, warm=False)
        tocsin.wait_until_detected()
        return (tocsin.cpu_seconds() - spent) / (_stored(tocsin) - stored) * 1e6


def _stored(tocsin: Tocsin) -> int:
    with tocsin.connect() as connection:
        row = connection.execute("select count(*) from detection_event").fetchone()
    return int(row[0]) if row else 0


def _growth(label: str, cost: dict[str, float], sizes: tuple[int, int], what: str) -> Verdict:
    power = exponent((cost[f"{sizes[0]:,} {what}"], cost[f"{sizes[1]:,} {what}"]), sizes)
    return Verdict(label, power, 0.05, 0.0, more_is_better=False)
