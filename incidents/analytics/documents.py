"""Analytics as JSON and as CSV rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from incidents.analytics.beside import Number
from incidents.analytics.figures import Figure, trend
from incidents.analytics.groups import Group, Step
from incidents.analytics.load import Load
from incidents.analytics.noise import Noise
from incidents.analytics.selectors import Analytics
from incidents.analytics.shares import SlaShare
from incidents.models import Incident
from incidents.recovery.selectors import Rate


def seconds(value: timedelta | None) -> float | None:
    """Return a duration in seconds, to the millisecond; None stays None."""
    return None if value is None else round(value.total_seconds(), 3)


def analytics_json(found: Analytics, beside: Sequence[Number], filters: str = "") -> dict[str, Any]:
    """Return the API's document; `filters` is the query string of the filters besides the period."""
    return {
        "since": found.since,
        "until": found.until,
        "made_at": found.made_at,
        "incidents_url": incidents_address(found, filters),
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
        **{
            f"by_{name}": [group_json(group, name) for group in groups]
            for name, groups in found.groups.items()
        },
        "over_time": {"step": found.step, "steps": [step_json(one, found.step) for one in found.steps]},
        "follow_through": [
            {"name": one.name, "count": one.count, "items_url": one.address} for one in beside
        ],
        "by_weekday_and_hour": [list(day) for day in found.weekly],
    }


def figure_json(one: Figure) -> dict[str, Any]:
    """Return a measure; times in seconds, null without data."""
    return {
        "count": one.count,
        "mean_seconds": seconds(one.mean),
        "median_seconds": seconds(one.median),
        "p90_seconds": seconds(one.p90),
        "left_out": dict(one.left_out),
    }


def rate_json(one: Rate) -> dict[str, Any]:
    """Return a share with its count; null without data."""
    return {"count": one.count, "of": one.of, "percent": one.percent}


def group_json(group: Group, name: str) -> dict[str, Any]:
    """Return a group with its time to resolve."""
    return {
        "value": group.value,
        "show": f"{name}:{group.value}",
        "incidents": group.count,
        "active": group.active,
        "events": group.events,
        "mttr": figure_json(group.mttr),
    }


def step_json(one: Step, name: str) -> dict[str, Any]:
    """Return a day, week or month with its time to resolve."""
    return {
        "begins": one.value,
        "show": f"{name}:{one.value}",
        "incidents": one.count,
        "mttr": figure_json(one.mttr),
    }


def share_json(one: SlaShare) -> dict[str, Any]:
    """Return one kind of SLA target."""
    names = ("kind", "met", "breached", "running", "percent")
    return {name: getattr(one, name) for name in names}


def noise_json(one: Noise) -> dict[str, Any]:
    """Return one detector."""
    return {
        "detector": one.reporter,
        "incidents": one.incidents,
        "not_acknowledged": one.unheeded,
        "false_positives": rate_json(one.false_positives),
    }


def load_json(one: Load) -> dict[str, Any]:
    """Return one person."""
    return {
        "username": one.username,
        "incidents": one.incidents,
        "at_night": one.at_night,
        "on_weekends": one.on_weekends,
        "seconds_in_roles": seconds(one.held),
    }


def behind_json(one: Incident) -> dict[str, Any]:
    """Return an incident behind a number, with the times its measures are computed from."""
    names = ("title", "severity", "status", "started_at", "detected_at", "acknowledged_at")
    times = {name: getattr(one, name) for name in (*names, "mitigated_at", "resolved_at")}
    return {"incident_id": one.reference, **times}


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


def incidents_address(found: Analytics, filters: str) -> str:
    """Return the URL prefix for the incidents behind a number; the number's `show` is appended."""
    period = urlencode({"since": found.since.isoformat(), "until": found.until.isoformat()})
    return f"/api/v1/analytics/incidents?{filters}{'&' if filters else ''}{period}&show="


def days_of(found: Analytics) -> tuple[date, date]:
    """Return the local days of the period: from inclusive, to exclusive."""
    zone = ZoneInfo(found.zone)
    first, last = (at.astimezone(zone).date() for at in (found.since, found.until))
    return first, last + timedelta(days=1)


def csv_rows(found: Analytics, beside: Sequence[Number]) -> Iterator[tuple[Any, ...]]:
    """Yield one row per measure, then one per group."""
    yield ("total", "", found.total, found.active, None, None, None, None)
    for one in found.figures:
        yield ("measure", one.name, None, None, *_times(one))
    for name, groups in found.groups.items():
        for group in groups:
            yield (name, group.value, group.count, group.active, *_times(group.mttr))
    for step in found.steps:
        yield (f"by {found.step}", step.value, step.count, None, *_times(step.mttr))
    for share in found.sla:
        for word in ("met", "breached", "running"):
            yield ("sla", f"{share.kind} {word}", getattr(share, word), None, None, None, None, None)
    for noise in found.noise:
        yield ("detector", noise.reporter, noise.incidents, None, None, None, None, None)
    for load in found.load:
        yield ("responder", load.username, load.incidents, None, None, None, None, None)
    for number in beside:
        yield ("follow_through", number.name, None, None, None, None, None, number.count)


def _times(one: Figure) -> tuple[float | None, float | None, float | None, int]:
    return seconds(one.mean), seconds(one.median), seconds(one.p90), one.count
