"""Sizes of a benchmark: the full size, and a tiny one that only checks that a benchmark works."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self


@dataclass(frozen=True, slots=True)
class Scale:
    """Counts and seconds of one run. `seconds` is one load, `probe_seconds` one series of single probes.

    `openings_s` outlasts the opening of the 20 incidents that the load's errors open, each of which is paged,
    analysed and shown, and analysed again as it grows. `probe_pause` and `burst_pause` are seconds after an
    opening, in which its consequences (paging, analysis, war room: 0.13 s of processor time) end; many
    openings at once are measured by `bench.storm`.
    """

    repetitions: int = 3
    seconds: int = 6
    warm_up: int = 2
    openings_s: int = 45
    connections: int = 16
    probe_seconds: int = 60
    probe_pause: float = 0.5
    bursts: int = 60
    burst_pause: float = 1.0
    steady_rate: int = 10_000
    rules: tuple[int, int] = (10, 1_000)
    groups: tuple[int, int] = (10, 10_000)
    stored: int = 10_000_000
    exact_groups: int = 300
    exact_runs: int = 10
    viewers: tuple[int, int] = (1_000, 5_000)
    updates: int = 20
    page_views: int = 30
    incidents: int = 100_000
    deep: int = 90_000
    entries: int = 5_000
    idle_seconds: int = 20
    is_smoke: bool = False

    def of_stream(self) -> Self:
        """Return the same with a warm-up after which the rate is that of a stream that goes on."""
        return replace(self, warm_up=self.openings_s)


SMOKE = Scale(
    repetitions=1,
    seconds=1,
    warm_up=1,
    openings_s=1,
    connections=4,
    probe_seconds=2,
    probe_pause=0.1,
    bursts=3,
    burst_pause=0.1,
    steady_rate=500,
    rules=(2, 20),
    groups=(2, 50),
    stored=5_000,
    exact_groups=5,
    exact_runs=1,
    viewers=(10, 50),
    updates=3,
    page_views=2,
    incidents=400,
    deep=300,
    entries=200,
    idle_seconds=2,
    is_smoke=True,
)
