"""API of the SLA report."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from incidents.sla.report import parse_report, sla_report
from incidents.vocabulary import Severity

router = Router(tags=["SLA"])


class ReportIn(Schema):
    """Filters and grouping of the report."""

    since: str = Field("", max_length=40, description="`90d` or a time in ISO 8601; default 90 days back.")
    until: str = Field("", max_length=40, description="Default now.")
    severity: str = Field("", max_length=100, description="Several, separated by commas.")
    period: str = Field("week", max_length=10, description="`day`, `week` or `month`.")


class FiguresOut(Schema):
    """One kind of target of one severity in one period."""

    period: date = Field(description="First day of the period in the workspace's time zone.")
    severity: Severity
    kind: str = Field(description="`acknowledge`, `update` or `resolve`.")
    met: int
    breached: int = Field(description="Incidents whose deadline passed at least once.")
    running: int
    misses: int = Field(description="Deadlines missed in all; an incident can miss several updates.")
    share_met: float | None = Field(description="Percent of met and breached; null where neither is known.")
    breached_url: str = Field(description="The page with the incidents that breached.")


class ReportOut(Schema):
    """The report, newest period first."""

    since: datetime
    until: datetime
    period: str
    rows: list[FiguresOut]


@router.get("/report", response=ReportOut, summary="SLA report")
def report(request: HttpRequest, query: Query[ReportIn]) -> Any:
    """Report met and breached SLA targets by period, severity and kind, without drills."""
    known_only(request, ("since", "until", "severity", "period"))
    actor, now = actor_in(request), timezone.now()
    wanted = parse_report(query.dict(), now)
    span = {"since": wanted.since.isoformat(), "until": wanted.until.isoformat(), "period": wanted.period}
    rows = [
        {name: getattr(row, name) for name in ("period", "severity", "kind", "met", "breached", "running")}
        | {"misses": row.misses, "share_met": row.share}
        | {"breached_url": _address(span, row.severity, row.kind, row.period)}
        for row in sla_report(actor, wanted, now)
    ]
    return {"since": wanted.since, "until": wanted.until, "period": wanted.period, "rows": rows}


def _address(span: dict[str, str], severity: str, kind: str, start: date) -> str:
    row = {"severity": severity, "kind": kind, "outcome": "breached", "start": start.isoformat()}
    return f"{settings.BASE_URL}/reports/sla?{urlencode(span | row)}"
