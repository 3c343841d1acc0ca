"""The analytics page and its CSV file."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from accounts.actor import Actor
from accounts.sign_in.page_authentication import current_actor
from core.http.csv_stream import csv_response
from core.templatetags.ui import compact
from core.ui.bands import Band
from core.ui.charts import Chart, Series
from core.ui.render_cache import RenderCache
from incidents.analytics.beside import numbers_of
from incidents.analytics.documents import CSV_HEADER, csv_rows, days_of
from incidents.analytics.drilldown import MAX_SHOWN, incidents_behind
from incidents.analytics.figures import trend
from incidents.analytics.measures import EXCLUDED, INVALID, MEASURES, MTBF_DEFINITION
from incidents.analytics.precomputed import figures_for, figures_version
from incidents.analytics.selectors import Analytics, scope_of
from incidents.listing.list_query import ListQuery, read_list
from incidents.models import Incident

PERIODS: Final = {"7d": "7 days", "30d": "30 days", "90d": "90 days", "365d": "12 months"}
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TITLES: Final = {"severity": "Severity", "type": "Type", "category": "Category", "component": "Component"}
HEAT_LEVELS: Final = 4
MIN_STEPS: Final = 2  # for drawing a line
MAX_BODY_CHARS: Final = 1_000_000
_bodies = RenderCache(32, MAX_BODY_CHARS)
_days_texts = RenderCache(64)


@require_safe
def analytics(request: HttpRequest) -> HttpResponse:
    """GET: response times and counts of the incidents that the filters find; 400 names an unknown filter."""
    list_query = read_list(request.GET)
    actor, period = current_actor(request), request.GET.get("since", "30d")
    body, days, made_at = _drawn(actor, list_query)
    context = {
        "body": body,
        "days": days,
        "made_at": made_at,
        "periods": [(span, words, _address(list_query, span)) for span, words in PERIODS.items()],
        "period": period,
        "csv_address": f"/analytics.csv?{request.GET.urlencode()}",
        "excluded": EXCLUDED,
        "list_query": list_query,
    }
    return render(
        request, "incidents/analytics/analytics.html", context, status=400 if list_query.ignored else 200
    )


def _drawn(actor: Actor, list_query: ListQuery) -> tuple[SafeString, str, datetime]:
    """Return the figures as HTML, their days, and when they were computed; cached if they are precomputed."""
    figures = cache(lambda: figures_for(actor, list_query.wanted, list_query.words))
    version = figures_version(actor, list_query.words)
    if version is None:
        return SafeString(_body(figures(), list_query)), _days(figures()), figures().made_at
    body = _bodies.get((version, list_query.address()), lambda: _body(figures(), list_query))
    return body, _days_texts.get(version, lambda: _days(figures())), version.made_at


def _body(found: Analytics, list_query: ListQuery) -> str:
    context = {
        "found": found,
        "cards": _cards(found),
        "groups": [(title, name, found.groups[name]) for name, title in TITLES.items()],
        "months": _months(found),
        "heat": _heat(found),
        "band": _band(found),
        "list_address": _list(found, list_query),
        "filters": list_query.address(),
        "drill": _drill(found, list_query),
        "mtbf_definition": MTBF_DEFINITION,
        "list_query": list_query,
    }
    return render_to_string("incidents/analytics/body.html", context)


def _days(found: Analytics) -> str:
    return "~".join(one.isoformat() for one in days_of(found))


@require_safe
def analytics_incidents(request: HttpRequest) -> HttpResponse:
    """GET: the incidents behind one number of the page, given by `?show=`, with the page's filters."""
    list_query = read_list(request.GET, also=("show",))
    scope = scope_of(current_actor(request), list_query.wanted)
    title, rows = incidents_behind(scope, request.GET.get("show", "all")[:200])
    context = {
        "title": title,
        "count": rows.count(),
        "rows": [
            (one, _between(one, one.acknowledged_at), _between(one, one.resolved_at))
            for one in rows[:MAX_SHOWN]
        ],
        "limit": MAX_SHOWN,
        "list_query": list_query,
        "back": _page(list_query),
    }
    return render(
        request, "incidents/analytics/incidents.html", context, status=400 if list_query.ignored else 200
    )


@require_safe
def analytics_csv(request: HttpRequest) -> HttpResponseBase:
    """GET: the same figures as a CSV file."""
    list_query = read_list(request.GET)
    found = figures_for(current_actor(request), list_query.wanted, list_query.words)
    rows = csv_rows(found, numbers_of(current_actor(request), *days_of(found)))
    return csv_response("tocsin-analytics.csv", CSV_HEADER, iter([list(rows)]))


def _cards(found: Analytics) -> list[dict[str, Any]]:
    cards = []
    for measure, figure, before in zip(MEASURES, found.figures, found.before, strict=True):
        left_out = [
            (count, reason, f"{'invalid' if reason == INVALID else 'absent'}:{measure.name}")
            for reason, count in figure.left_out.items()
        ]
        cards.append(
            {"measure": measure, "figure": figure, "left_out": left_out, "trend": trend(figure, before)}
        )
    return cards


def _months(found: Analytics) -> Chart:
    months = found.groups["month"]
    counts = Series("Incidents", tuple(float(month.count) for month in months))
    return Chart("Incidents by month", tuple(month.value for month in months), (counts,), "incidents")


def _band(found: Analytics) -> Band | None:
    """Return median and 90th percentile of the time to resolve; None if fewer than two steps have one."""
    steps = [
        (one.value, one.mttr.median, one.mttr.p90)
        for one in found.steps
        if one.mttr.median is not None and one.mttr.p90 is not None
    ]
    if len(steps) < MIN_STEPS:
        return None
    highest = max(p90 for _, _, p90 in steps)
    return Band(
        f"Time to resolve by {found.step}",
        tuple(value for value, _, _ in steps),
        tuple(median.total_seconds() for _, median, _ in steps),
        tuple(p90.total_seconds() for _, _, p90 in steps),
        "Median",
        "90th percentile",
        compact(highest),
        f"From {steps[0][0]} to {steps[-1][0]}; the 90th percentile reaches {compact(highest)}.",
    )


def _heat(found: Analytics) -> list[dict[str, Any]]:
    most = max((count for day in found.weekly for count in day), default=0)
    return [
        {"day": day, "hours": [(hour, count, _level(count, most)) for hour, count in enumerate(counts)]}
        for day, counts in zip(DAYS, found.weekly, strict=True)
    ]


def _level(count: int, most: int) -> int:
    return -(-count * HEAT_LEVELS // most) if most else 0


def _address(list_query: ListQuery, span: str) -> str:
    words = {
        name: ",".join(values) for name, values in list_query.words.items() if name not in {"since", "until"}
    }
    return f"/analytics?{urlencode({**words, 'since': span})}"


def _between(incident: Incident, end: datetime | None) -> timedelta | None:
    return None if end is None else end - incident.detected_at


def _page(list_query: ListQuery) -> str:
    return f"/analytics?{urlencode({name: ','.join(values) for name, values in list_query.words.items()})}"


def _drill(found: Analytics, list_query: ListQuery) -> str:
    """Return the URL prefix for the incidents behind a number, with the same filter and period."""
    words = {name: ",".join(values) for name, values in list_query.words.items()}
    period = {"since": found.since.isoformat(), "until": found.until.isoformat()}
    return f"/analytics/incidents?{urlencode({**words, **period})}&show="


def _list(found: Analytics, list_query: ListQuery) -> str:
    """Return the URL of the list of exactly the counted incidents, including drills."""
    words = {name: ",".join(values) for name, values in list_query.words.items()}
    period = {"since": found.since.isoformat(), "until": found.until.isoformat()}
    return f"/incidents?{urlencode({**words, **period})}"
