"""Goals 1 to 5: ingest rate compared with Alerta, Alertmanager, COPY and a plain Django view."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

from bench.harness.figures import in_turn, median
from bench.harness.load import Load, apply_load
from bench.harness.report import Report, Verdict
from bench.harness.scale import Scale
from bench.harness.servers import Servers, running_servers
from bench.harness.tocsin import BATCH, running_tocsin
from bench.peers.alerta import running_alerta
from bench.peers.alertmanager import running_alertmanager
from bench.peers.bare import bare_load
from bench.peers.copying import copy_rate
from bench.peers.plain_view import running_plain_view

COLUMNS = ("who", "events/s, median", "least", "most")
HTTP_ALONE = "limit: HTTP and JSON alone"
COPY_ALONE = "limit: COPY of events, hits and links, one connection"
LIMIT_NOTE = (
    "The limit of both is what the processors could do if they only received the requests with Tocsin's own"
    " server and stored the rows by COPY, each of them with a connection that takes a core."
)
SINGLE_COLUMNS = ("who", "requests/s", "p50 ms", "p99 ms", "failures")


def batch_against_alerta(scale: Scale) -> Report:
    """Goal 1."""
    with running_servers() as servers:
        rates = in_turn(
            scale.repetitions,
            {
                "Tocsin": partial(tocsin_batch, servers, scale),
                "Alerta": partial(_alerta_batch, servers, scale),
                **_limits(servers, scale),
            },
        )
    verdicts = [
        Verdict("Tocsin / Alerta", _ratio(rates, "Tocsin", "Alerta"), 100, 150, "×"),
        Verdict("Tocsin / the limit", _share_of_limit(rates), 0.35, 0.6, "×"),
    ]
    return Report(1, "batches of 100 against Alerta 9.1", COLUMNS, _spread(rates), verdicts, LIMIT_NOTE)


def batch_against_alertmanager(scale: Scale) -> Report:
    """Goal 2."""
    with running_servers() as servers:
        rates = in_turn(
            scale.repetitions,
            {
                "Tocsin": partial(tocsin_batch, servers, scale),
                "Alertmanager": partial(_alertmanager_batch, scale),
                **_limits(servers, scale),
            },
        )
    verdicts = [
        Verdict("Tocsin / Alertmanager", _ratio(rates, "Tocsin", "Alertmanager"), 0.25, 0.4, "×"),
        Verdict("Tocsin / the limit", _share_of_limit(rates), 0.35, 0.6, "×"),
    ]
    return Report(2, "batches of 100 against Alertmanager", COLUMNS, _spread(rates), verdicts, LIMIT_NOTE)


def batch_against_copy(scale: Scale) -> Report:
    """Goal 3."""
    copies = {f"COPY by {n}": n for n in (BATCH, 1000)}
    with running_servers() as servers:
        rates = in_turn(
            scale.repetitions,
            {
                "Tocsin": partial(tocsin_batch, servers, scale),
                **{k: partial(copy_rate, servers, n, scale.seconds) for k, n in copies.items()},
            },
        )
    verdict = Verdict("Tocsin / COPY by 100", _ratio(rates, "Tocsin", f"COPY by {BATCH}"), 0.5, 0.8, "×")
    note = "Tocsin's share of the two cores includes HTTP and the load generator; COPY has them to itself."
    return Report(3, "batches of 100 against one-connection COPY", COLUMNS, _spread(rates), [verdict], note)


def single(scale: Scale) -> Report:
    """Goal 4."""
    with running_servers() as servers:
        loads = in_turn(
            scale.repetitions,
            {
                "Tocsin": partial(_tocsin_single, servers, scale),
                "plain Django view": partial(_plain_single, servers, scale),
                "Alerta": partial(_alerta_single, servers, scale),
                HTTP_ALONE: partial(bare_load, 1, scale),
            },
        )
    rates = {name: [load.events for load in found] for name, found in loads.items()}
    verdicts = [
        Verdict("Tocsin / Alerta", _ratio(rates, "Tocsin", "Alerta"), 25, 40, "×"),
        Verdict("Tocsin / plain Django view", _ratio(rates, "Tocsin", "plain Django view"), 2.5, 4, "×"),
    ]
    return Report(4, "single events, responses after the commit", SINGLE_COLUMNS, _summary(loads), verdicts)


def tail(scale: Scale) -> Report:
    """Goal 5."""
    with running_servers() as servers:
        loads = in_turn(
            scale.repetitions,
            {
                "Tocsin": partial(_tocsin_single, servers, scale),
                "Alerta": partial(_alerta_single, servers, scale),
            },
        )
    p99 = {name: median(load.p99 for load in found) for name, found in loads.items()}
    verdict = Verdict("Alerta's p99 / Tocsin's p99", p99["Alerta"] / p99["Tocsin"], 15, 40, "×")
    return Report(5, "p99 of single events at saturation", SINGLE_COLUMNS, _summary(loads), [verdict])


def tocsin_batch(servers: Servers, scale: Scale) -> float:
    """Return events per second in batches of 100 into a fresh Tocsin with its built-in rules."""
    with running_tocsin(servers) as tocsin:
        return apply_load(tocsin.events, BATCH, scale.of_stream()).events


def _tocsin_single(servers: Servers, scale: Scale) -> Load:
    with running_tocsin(servers) as tocsin:
        return apply_load(tocsin.events, 1, scale.of_stream())


def _plain_single(servers: Servers, scale: Scale) -> Load:
    with running_plain_view(servers) as route:
        return apply_load(route, 1, scale)


def _alerta_single(servers: Servers, scale: Scale) -> Load:
    with running_alerta(servers) as alerta:
        return apply_load(alerta.single, 1, scale)


def _alerta_batch(servers: Servers, scale: Scale) -> float:
    with running_alerta(servers) as alerta:
        return alerta.batch_rate(scale)


def _limits(servers: Servers, scale: Scale) -> dict[str, Callable[[], float]]:
    return {
        HTTP_ALONE: partial(_bare_batch, scale),
        COPY_ALONE: partial(copy_rate, servers, BATCH, scale.seconds, with_detection=True),
    }


def _share_of_limit(rates: dict[str, list[float]]) -> float:
    http, copy = median(rates[HTTP_ALONE]), median(rates[COPY_ALONE]) * (os.cpu_count() or 1)
    return median(rates["Tocsin"]) * (1 / http + 1 / copy)


def _bare_batch(scale: Scale) -> float:
    return bare_load(BATCH, scale).events


def _alertmanager_batch(scale: Scale) -> float:
    with running_alertmanager() as route:
        return apply_load(route, BATCH, scale).events


def _ratio(rates: dict[str, list[float]], ours: str, theirs: str) -> float:
    return median(rates[ours]) / median(rates[theirs])


def _spread(rates: dict[str, list[float]]) -> list[tuple[str, float, float, float]]:
    return [(name, median(found), min(found), max(found)) for name, found in rates.items()]


def _summary(loads: dict[str, list[Load]]) -> list[tuple[str, float, float, float, int]]:
    return [
        (
            name,
            median(load.requests for load in found),
            median(load.p50 for load in found),
            median(load.p99 for load in found),
            sum(load.failures for load in found),
        )
        for name, found in loads.items()
    ]
