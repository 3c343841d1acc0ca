"""Prometheus metrics: time to the first analysis and the first action, runs by state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, LiteralString

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from core.health.metrics import metric_source
from core.sql.prepared import rows
from remediation.runs.models import RemediationRun

# For incidents opened in the last 24 hours, excluding drills: seconds from opening to the first analysis, and
# to the first action that started.
DELAYS: Final[LiteralString] = """
select percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from analysed - created_at))
         filter (where analysed is not null),
       count(analysed),
       percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from acted - created_at))
         filter (where acted is not null),
       count(acted)
  from (select i.created_at,
               (select min(a.created_at) from incidents_analysis a where a.incident_id = i.id) as analysed,
               (select min(t.started_at) from remediation_remediationrun r
                  join remediation_runattempt t on t.run_id = r.id where r.incident_id = i.id) as acted
          from incidents_incident i
         where i.created_at > now() - interval '24 hours' and not i.is_drill) d
"""
QUANTILES: Final = ("0.5", "0.95")


@metric_source("remediation")
def _remediation() -> Iterator[Metric]:
    [(analysed, analysed_count, acted, acted_count)] = rows(DELAYS, [])
    yield from _delay("analysis", "the first analysis", analysed, analysed_count)
    yield from _delay("first_action", "the first remediation action", acted, acted_count)
    states = GaugeMetricFamily(
        "tocsin_remediation_runs", "Remediation runs, excluding drills.", labels=["state"]
    )
    found = RemediationRun.across_workspaces.filter(is_drill=False).values_list("state")
    for state, count in found.annotate(Count("id")).order_by("state"):
        states.add_metric([state], count)
    yield states


def _delay(name: str, what: str, values: list[float] | None, count: int) -> Iterator[Metric]:
    seconds = GaugeMetricFamily(
        f"tocsin_opening_to_{name}_seconds",
        f"Seconds from the opening to {what}, last 24 h.",
        labels=["quantile"],
    )
    for quantile, value in zip(QUANTILES, values or (), strict=False):
        seconds.add_metric([quantile], float(value))
    yield seconds
    yield GaugeMetricFamily(f"tocsin_opening_to_{name}_count", f"Number of incidents: {what}.", value=count)
