"""Analytics as JSON and as CSV rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from incidents.analytics.load import Load
from incidents.analytics.noise import Noise
from incidents.analytics.selectors import Analytics, Figure, Group, trend
from incidents.analytics.shares import SlaShare
from incidents.recovery.selectors import Rate


def seconds(value: timedelta | None) -> float | None:
    """A duration in seconds, to the millisecond; None stays None."""
    return None if value is None else round(value.total_seconds(), 3)


def analytics_json(found: Analytics) -> dict[str, Any]:
    """The API's document."""
    return {
        "since": found.since,
        "until": found.until,
        "time_zone": found.zone,
        "total_incidents": found.total,
        "active_incidents": found.active,
        "resolved_incidents": found.resolved,
        "drills_left_out": found.drills,
        "total_events": found.events,
        "mtbf_seconds": seconds(found.mtbf),
        "auto_resolved": rate_json(found.rates.auto_resolved),
        "auto_resolved_sev3_sev4": rate_json(found.rates.auto_resolved_minor),
        "false_positives": rate_json(found.rates.false_positives),
        "measures": {one.name: figure_json(one) for one in found.figures},
        "trends": {
            one.name: trend(one, before) for one, before in zip(found.figures, found.before, strict=True)
        },
        "sla": [share_json(one) for one in found.sla],
        "by_detector": [noise_json(one) for one in found.noise],
        "by_responder": [load_json(one) for one in found.load],
        "period_before": {
            "total_incidents": found.before_total,
            "measures": {one.name: figure_json(one) for one in found.before},
        },
        **{f"by_{name}": [group_json(group) for group in groups] for name, groups in found.groups.items()},
        "by_weekday_and_hour": [list(day) for day in found.weekly],
    }


def figure_json(one: Figure) -> dict[str, Any]:
    """A measure; times in seconds, null without data."""
    return {
        "count": one.count,
        "mean_seconds": seconds(one.mean),
        "median_seconds": seconds(one.median),
        "p90_seconds": seconds(one.p90),
        "left_out": dict(one.left_out),
    }


def rate_json(one: Rate) -> dict[str, Any]:
    """A share with the number behind it; null without data."""
    return {"count": one.count, "of": one.of, "percent": one.percent}


def group_json(group: Group) -> dict[str, Any]:
    """A group with its time to resolve."""
    return {
        "value": group.value,
        "incidents": group.count,
        "active": group.active,
        "events": group.events,
        "mttr": figure_json(group.mttr),
    }


def share_json(one: SlaShare) -> dict[str, Any]:
    """One kind of deadline."""
    names = ("kind", "met", "breached", "running", "percent")
    return {name: getattr(one, name) for name in names}


def noise_json(one: Noise) -> dict[str, Any]:
    """One detector."""
    return {
        "detector": one.reporter,
        "incidents": one.incidents,
        "not_acknowledged": one.unheeded,
        "false_positives": rate_json(one.false_positives),
    }


def load_json(one: Load) -> dict[str, Any]:
    """One person."""
    return {
        "username": one.username,
        "incidents": one.incidents,
        "at_night": one.at_night,
        "on_weekends": one.on_weekends,
        "seconds_in_roles": seconds(one.held),
    }


CSV_HEADER = (
    "part",
    "value",
    "incidents",
    "active",
    "mean_seconds",
    "median_seconds",
    "p90_seconds",
    "counted",
)


def csv_rows(found: Analytics) -> Iterator[tuple[Any, ...]]:
    """One row a measure, then one a group."""
    yield ("total", "", found.total, found.active, None, None, None, None)
    for one in found.figures:
        yield ("measure", one.name, None, None, *_times(one))
    for name, groups in found.groups.items():
        for group in groups:
            yield (name, group.value, group.count, group.active, *_times(group.mttr))
    for share in found.sla:
        for word in ("met", "breached", "running"):
            yield ("sla", f"{share.kind} {word}", getattr(share, word), None, None, None, None, None)
    for noise in found.noise:
        yield ("detector", noise.reporter, noise.incidents, None, None, None, None, None)
    for load in found.load:
        yield ("responder", load.username, load.incidents, None, None, None, None, None)


def _times(one: Figure) -> tuple[float | None, float | None, float | None, int]:
    return seconds(one.mean), seconds(one.median), seconds(one.p90), one.count
