"""Metrics of notifications, at `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from core.health.metrics import metric_source
from notifications.checks import late_escalations


@metric_source("escalations")
def _late() -> Iterator[Metric]:
    late = late_escalations()
    first = late.first()
    waited = (timezone.now() - first.due_at).total_seconds() if first else 0.0
    yield GaugeMetricFamily(
        "tocsin_escalations_late",
        "Unclaimed escalation steps overdue by more than 30 s.",
        value=late.count(),
    )
    yield GaugeMetricFamily(
        "tocsin_escalation_lateness_seconds",
        "Overdue time of the latest escalation step.",
        value=waited,
    )
