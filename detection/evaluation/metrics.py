"""Prometheus metrics of events and detection."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from django.db import connection
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from core.health.metrics import metric_source

# Upper bounds in seconds.
BOUNDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
# From the event that crossed the threshold, by its own clock, to the opening of the incident.
LATENCY: Final = """
select width_bucket(seconds, %s::float8[]), count(*), sum(seconds) from (
  select greatest(extract(epoch from found_at - window_end), 0)::float8 as seconds
    from detection_finding where outcome = 'opened') opened
group by 1
"""
# The sequence behind the event ids: always fast, and at most slightly too high after a rollback.
ACCEPTED: Final = "select case when is_called then last_value else 0 end from detection_event_id_seq"
QUARANTINED: Final = "select count(*) from detection_quarantinedrequest where replayed_at is null"
WAITING: Final = """
select count(*), coalesce(extract(epoch from now() - min(created_at)), 0) from detection_pending
"""


@metric_source("detection")
def _detection() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(ACCEPTED)
        yield CounterMetricFamily("tocsin_events_accepted", "Events stored.", value=cursor.fetchone()[0])
        cursor.execute(WAITING)
        rows, seconds = cursor.fetchone()
        yield GaugeMetricFamily("tocsin_detection_waiting", "Touched groups not evaluated yet.", value=rows)
        yield GaugeMetricFamily(
            "tocsin_detection_lag_seconds", "Age of the oldest of them.", value=float(seconds)
        )
        cursor.execute(QUARANTINED)
        yield GaugeMetricFamily(
            "tocsin_quarantined_requests", "Requests of senders that wait unread.", value=cursor.fetchone()[0]
        )
        cursor.execute(LATENCY, [list(BOUNDS)])
        yield _latency(cursor.fetchall())


def _latency(rows: list[tuple[int, int, float]]) -> HistogramMetricFamily:
    """Build the histogram. `rows`: (index of the bucket, findings in it, sum of seconds)."""
    found = {index: count for index, count, _ in rows}
    heights = accumulate(found.get(index, 0) for index in range(len(BOUNDS) + 1))
    names = [*(str(bound) for bound in BOUNDS), "+Inf"]
    return HistogramMetricFamily(
        "incident_detection_latency_seconds",
        "From the event that crossed the threshold, by its own clock, to the incident.",
        buckets=list(zip(names, heights, strict=True)),
        sum_value=float(sum(seconds for _, _, seconds in rows)),
    )
