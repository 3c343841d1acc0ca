"""Response times of a set of incidents: mean, median, 90th percentile, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db.models import Aggregate, Avg, Count, F, FloatField, Q, QuerySet

from incidents.analytics.measures import INVALID, MEASURES, MIN_FOR_TREND, Measure
from incidents.analytics.models import IncidentMeasure

Z_90: Final = 1.645  # standard deviations that contain 90 %


class Percentile(Aggregate):
    """`percentile_cont`: interpolated between two values.

    PostgreSQL sorts once for all percentiles of one column in a statement.
    """

    allow_distinct = False
    function = "percentile_cont"

    def __init__(self, share: float, expression: Any, **extra: Any) -> None:
        super().__init__(expression, output_field=FloatField(), **extra)
        self.template = f"percentile_cont({share}) within group (order by %(expressions)s)"


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure over some incidents. Times are None where `count` is 0; they are never 0 for "no data".

    `low` and `high` are the 90 % confidence interval of the median; None below five incidents.
    """

    name: str
    count: int = 0
    mean: timedelta | None = None
    median: timedelta | None = None
    p90: timedelta | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    low: timedelta | None = None
    high: timedelta | None = None


def figures_of(measures: QuerySet[IncidentMeasure]) -> list[Figure]:
    """Return all measures: one statement counts, one sorts each column once."""
    counts = measures.aggregate(**{name: one for each in MEASURES for name, one in _counts(each).items()})
    wanted: dict[str, Any] = {}
    for each in MEASURES:
        wanted |= times(each) | _bounds(each, counts[f"{each.name}_count"])
    found = counts | measures.aggregate(**wanted)
    return [figure(each, found) for each in MEASURES]


def times(measure: Measure, path: str = "") -> dict[str, Any]:
    """Return the aggregates for `figure`; `path` leads from the rows to the measures."""
    column, fits = F(f"{path}{measure.column}"), _recorded(measure, path)
    return {
        f"{measure.name}_mean": Avg(column, filter=fits, output_field=FloatField()),
        f"{measure.name}_median": Percentile(0.5, column, filter=fits),
        f"{measure.name}_p90": Percentile(0.9, column, filter=fits),
        f"{measure.name}_count": Count("pk", filter=fits),
    }


def figure(measure: Measure, found: Mapping[str, Any]) -> Figure:
    """Return a measure from the result of `times`."""
    name = measure.name
    left_out = {measure.absent: found.get(f"{name}_absent", 0), INVALID: found.get(f"{name}_invalid", 0)}
    return Figure(
        name=name,
        count=found[f"{name}_count"],
        mean=_span(found[f"{name}_mean"]),
        median=_span(found[f"{name}_median"]),
        p90=_span(found[f"{name}_p90"]),
        left_out={reason: count for reason, count in left_out.items() if count},
        low=_span(found.get(f"{name}_low")),
        high=_span(found.get(f"{name}_high")),
    )


def trend(now: Figure, before: Figure) -> str:
    """Describe the change of the median since the period before; empty below five incidents in either.

    A difference is reported only if the confidence intervals of the two medians do not overlap.
    """
    if min(now.count, before.count) < MIN_FOR_TREND or not now.median or not before.median:
        return ""
    if _overlap(now, before):
        return f"no clear change from the previous period (n={before.count})"
    change = round(100 * (now.median / before.median - 1))
    if not change:
        return "unchanged"
    return (
        f"{abs(change)} % {'longer' if change > 0 else 'shorter'} than the previous period (n={before.count})"
    )


def _overlap(now: Figure, before: Figure) -> bool:
    if now.low is None or now.high is None or before.low is None or before.high is None:
        return False
    return now.low <= before.high and before.low <= now.high


def _recorded(measure: Measure, path: str = "") -> Q:
    return Q(**{f"{path}{measure.column}__gte": 0})


def _counts(measure: Measure) -> dict[str, Any]:
    return {
        f"{measure.name}_count": Count("pk", filter=_recorded(measure)),
        f"{measure.name}_absent": Count("pk", filter=Q(**{f"{measure.column}__isnull": True})),
        f"{measure.name}_invalid": Count("pk", filter=Q(**{f"{measure.column}__lt": 0})),
    }


def _bounds(measure: Measure, count: int) -> dict[str, Any]:
    """Return the ranks of the values that bound the median with 90 % confidence."""
    if count < MIN_FOR_TREND:
        return {}
    reach = min(0.5, Z_90 / 2 / count**0.5)
    fits, column = _recorded(measure), F(measure.column)
    return {
        f"{measure.name}_low": Percentile(0.5 - reach, column, filter=fits),
        f"{measure.name}_high": Percentile(0.5 + reach, column, filter=fits),
    }


def _span(microseconds: float | None) -> timedelta | None:
    return None if microseconds is None else timedelta(microseconds=round(microseconds))
