"""The SLA report as a page and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.sign_in.page_authentication import current_actor
from core.http.csv_stream import csv_response
from incidents.sla.models import SlaClock
from incidents.sla.report import (
    MAX_BEHIND,
    OUTCOMES,
    PERIODS,
    ReportQuery,
    SlaFigures,
    incidents_behind,
    parse_report,
    sla_report,
    totals_of,
)
from incidents.validation import invalid
from incidents.vocabulary import Severity

COLUMNS: Final = ("period", "severity", "kind", "met", "breached", "running", "misses", "share_met")


@require_safe
def report(request: HttpRequest) -> HttpResponse:
    """GET /reports/sla: the figures; with `?kind=&outcome=` also the incidents of one of them."""
    actor, now = current_actor(request), timezone.now()
    report_query = parse_report(request.GET, now)
    rows = sla_report(actor, report_query, now)
    context: dict[str, Any] = {
        "report_query": report_query,
        "query": _query(report_query),
        "rows": [_row(one, _query(report_query, one, f"{one.period:%Y-%m-%d}")) for one in rows],
        "totals": [
            _row(one, _query(report_query, one)) for one in totals_of(rows, report_query.since.date())
        ],
        "periods": PERIODS,
        "severities": Severity.choices,
        "nav_current": "/reports/sla",
    }
    if kind := request.GET.get("kind", ""):
        outcome, start = request.GET.get("outcome", ""), _start(request)
        behind = incidents_behind(actor, report_query, now, kind=kind, outcome=outcome, start=start)
        context |= {"behind": behind, "kind": SlaClock.Kind(kind).label}
        context |= {"outcome": outcome, "most": MAX_BEHIND}
    return render(request, "incidents/sla/report.html", context)


@require_safe
def report_csv(request: HttpRequest) -> HttpResponseBase:
    """GET /reports/sla.csv: the same figures for the same parameters."""
    actor, now = current_actor(request), timezone.now()
    rows = sla_report(actor, parse_report(request.GET, now), now)
    return csv_response("sla.csv", COLUMNS, _pages(rows))


def _pages(rows: Sequence[SlaFigures]) -> Iterator[list[tuple[Any, ...]]]:
    yield [
        (f"{r.period:%Y-%m-%d}", r.severity, r.kind, r.met, r.breached, r.running, r.misses, r.share)
        for r in rows
    ]


def _query(report_query: ReportQuery, one: SlaFigures | None = None, start: str = "") -> QueryDict:
    """Return the parameters of the same report, or of the incidents of one of its rows."""
    query = QueryDict(mutable=True)
    query.update(
        {
            "since": report_query.since.isoformat(),
            "until": report_query.until.isoformat(),
            "period": report_query.period,
        }
    )
    if one is not None:
        query.update({"severity": one.severity, "kind": one.kind})
    if start:
        query["start"] = start
    return query


def _row(one: SlaFigures, query: QueryDict) -> dict[str, Any]:
    numbers = [(name, getattr(one, name)) for name in OUTCOMES]
    return {"one": one, "kind": SlaClock.Kind(one.kind).label, "numbers": numbers, "query": query}


def _start(request: HttpRequest) -> date | None:
    text = request.GET.get("start", "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise invalid("start", "date", "must be the first day of a period") from error
