"""Prometheus metrics of incidents."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from core.health.metrics import metric_source
from incidents.models import Incident
from incidents.vocabulary import Severity, Status

ENDED = (Status.RESOLVED, Status.CLOSED)


@metric_source("incidents")
def _incidents() -> Iterator[Metric]:
    counts = Incident.across_workspaces.values_list("severity", "status").annotate(Count("id")).order_by()
    rows = list(counts)
    yield CounterMetricFamily("incidents", "Incidents ever opened.", value=sum(n for _, _, n in rows))
    active = [(severity, n) for severity, status, n in rows if status not in ENDED]
    yield GaugeMetricFamily(
        "incidents_active", "Incidents not resolved yet.", value=sum(n for _, n in active)
    )
    by_severity = GaugeMetricFamily(
        "incidents_by_severity", "Incidents not resolved yet, by severity.", labels=["severity"]
    )
    for severity in Severity.values:
        by_severity.add_metric([severity], sum(n for held, n in active if held == severity))
    yield by_severity
