"""All goals by number."""

from __future__ import annotations

from collections.abc import Callable

from bench.cases import (
    admin_pages,
    analytics,
    detection,
    exactly_once,
    footprint,
    ingest,
    latency,
    page,
    pages,
    redaction,
    stored,
    streams,
)
from bench.harness.report import Report
from bench.harness.scale import Scale

GOALS: dict[int, Callable[[Scale], Report]] = {
    1: ingest.batch_against_alerta,
    2: ingest.batch_against_alertmanager,
    3: ingest.batch_against_copy,
    4: ingest.single,
    5: ingest.tail,
    6: latency.under_load,
    7: latency.burst,
    8: page.open_page,
    9: detection.on_and_off,
    10: detection.scaling,
    11: stored.full_and_empty,
    12: exactly_once.check,
    13: streams.fan_out,
    14: pages.deep_and_long,
    15: pages.with_a_long_past,
    16: footprint.memory_at_idle,
    17: footprint.cold_start,
    18: redaction.ordinary_and_hostile,
    19: admin_pages.lists,
    20: analytics.standard_periods,
}
