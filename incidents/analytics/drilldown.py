"""The incidents behind each number of the analytics page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay, ExtractMonth, ExtractYear

from accounts.models import User
from incidents.analytics.groups import GROUPS, STEPS
from incidents.analytics.load import is_night, is_weekend, work_of
from incidents.analytics.measures import MEASURES, Measure
from incidents.analytics.scope import Scope
from incidents.models import AffectedComponent, Incident, IncidentSignal, IncidentVerdict, SlaClock
from incidents.recovery.selectors import BY_ACTION
from incidents.sla.report import outcome_of
from incidents.validation import clean_line, invalid
from incidents.vocabulary import OVER, UNRESOLVED

MAX_SHOWN: Final = 500
MAX_SHOW_CHARS: Final = 200
_MEASURES: Final[Mapping[str, Measure]] = {one.name: one for one in MEASURES}
_COLUMNS: Final = {
    "severity": "severity",
    "type": "incident_type",
    "category": "category",
    "status": "status",
}
_REVIEWED: Final = Q(verdict__isnull=False)
_WRONG: Final = Q(verdict__verdict=IncidentVerdict.Verdict.FALSE_POSITIVE)
_UNHEEDED: Final = Q(acknowledged_at=None, status__in=OVER)


Pick = Callable[[Scope, str], QuerySet[Incident]]


def incidents_behind(scope: Scope, show: str) -> tuple[str, QuerySet[Incident]]:
    """Return the description of a number and its incidents, newest first.

    `show` is a kind and a value: `counted:mtta`, `severity:sev1`, `hour:7-13`. Raises Invalid (field `show`).
    """
    kind, _, value = clean_line("show", show, MAX_SHOW_CHARS).partition(":")
    if kind not in PICKS:
        raise invalid("show", "choice", f"must begin with one of {', '.join(PICKS)}")
    words, pick = PICKS[kind]
    rows = pick(scope, value).order_by("-detected_at", "-id")
    shown = _MEASURES[value].title.lower() if value in _MEASURES else value
    return (f"{words}: {shown}" if value else words), rows


def _measured(scope: Scope, value: str, *, state: str) -> QuerySet[Incident]:
    if value not in _MEASURES:
        raise invalid("show", "choice", f"must name one of {', '.join(_MEASURES)}")
    measure = _MEASURES[value]
    start = F(measure.start)
    tests = {
        "counted": Q(**{f"{measure.end}__gte": start}),
        "absent": Q(**{f"{measure.end}__isnull": True}),
        "invalid": Q(**{f"{measure.end}__lt": start}),
    }
    return scope.rows.filter(tests[state])


def _grouped(name: str) -> Pick:
    return lambda scope, value: scope.rows.filter(**{GROUPS[name]: value})


def _active(scope: Scope, value: str) -> QuerySet[Incident]:
    """Filter to the unresolved incidents of a group (`severity:sev1`), or all without a group."""
    rows = incidents_behind(scope, value)[1] if value else scope.rows
    return rows.filter(status__in=UNRESOLVED)


def _component(scope: Scope, value: str) -> QuerySet[Incident]:
    touched = AffectedComponent.objects.of(scope.workspace_id).filter(component__name=value)
    return scope.rows.filter(pk__in=touched.values("incident_id"))


def _step(name: str) -> Pick:
    def pick(scope: Scope, value: str) -> QuerySet[Incident]:
        rows = scope.rows.annotate(begins=STEPS[name]("detected_at", tzinfo=scope.zone))
        return rows.filter(begins=datetime.combine(_date(value), time.min, tzinfo=scope.zone))

    return pick


def _date(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise invalid("show", "format", "must be a date such as 2026-11-23") from None


def _month(scope: Scope, value: str) -> QuerySet[Incident]:
    year, month = _two(value)
    rows = scope.rows.annotate(
        year=ExtractYear("detected_at", tzinfo=scope.zone), mon=ExtractMonth("detected_at", tzinfo=scope.zone)
    )
    return rows.filter(year=year, mon=month)


def _hour(scope: Scope, value: str) -> QuerySet[Incident]:
    day, hour = _two(value)
    rows = scope.rows.annotate(
        day=ExtractIsoWeekDay("detected_at", tzinfo=scope.zone),
        hour=ExtractHour("detected_at", tzinfo=scope.zone),
    )
    return rows.filter(day=day, hour=hour)


def _two(value: str) -> tuple[int, int]:
    first, _, second = value.partition("-")
    if not (first.isdecimal() and second.isdecimal() and len(value) < 8):
        raise invalid("show", "format", "must be two numbers such as 7-13")
    return int(first), int(second)


def _sla(scope: Scope, value: str) -> QuerySet[Incident]:
    kind, _, outcome = value.partition(".")
    clocks = SlaClock.objects.of(scope.workspace_id).filter(kind=kind, incident__in=scope.rows.values("pk"))
    found = clocks.annotate(outcome=outcome_of(scope.now)).filter(outcome=outcome)
    return scope.rows.filter(pk__in=found.values("incident_id"))


def _detector(test: Q) -> Pick:
    def pick(scope: Scope, value: str) -> QuerySet[Incident]:
        signals = IncidentSignal.objects.of(scope.workspace_id).filter(reporter=value)
        return scope.rows.filter(test, pk__in=signals.values("incident_id"))

    return pick


def _responder(fits: Callable[[datetime], bool]) -> Pick:
    def pick(scope: Scope, value: str) -> QuerySet[Incident]:
        user = User.objects.filter(username=value).first()
        work = work_of(scope.workspace_id, scope.rows, scope.now).get(user.pk) if user else None
        first = work.first.items() if work else ()
        zone = ZoneInfo(user.time_zone) if user else scope.zone
        return scope.rows.filter(pk__in=[pk for pk, at in first if fits(at.astimezone(zone))])

    return pick


PICKS: Final[Mapping[str, tuple[str, Pick]]] = {
    "all": ("Incidents", lambda scope, _: scope.rows),
    "active": ("Active", _active),
    "resolved": ("Resolved", lambda scope, _: scope.rows.exclude(status__in=UNRESOLVED)),
    "automatic": (
        "Resolved automatically", lambda scope, _: scope.rows.filter(BY_ACTION, status__in=OVER),
    ),
    "reviewed": ("Reviewed by people", lambda scope, _: scope.rows.filter(_REVIEWED)),
    "false": ("False positives", lambda scope, _: scope.rows.filter(_WRONG)),
    "counted": ("Counted in", lambda scope, value: _measured(scope, value, state="counted")),
    "absent": ("Left out, not there yet", lambda scope, value: _measured(scope, value, state="absent")),
    "invalid": ("Left out, invalid times", lambda scope, value: _measured(scope, value, state="invalid")),
    "severity": ("Severity", _grouped("severity")),
    "type": ("Type", _grouped("type")),
    "category": ("Category", _grouped("category")),
    "status": ("Status", _grouped("status")),
    "component": ("Component", _component),
    "day": ("Day", _step("day")),
    "week": ("Week from", _step("week")),
    "month": ("Month", _month),
    "hour": ("Weekday and hour", _hour),
    "sla": ("Deadline", _sla),
    "detector": ("Detector", _detector(Q())),
    "unheeded": ("Not acknowledged, of detector", _detector(_UNHEEDED)),
    "wrong": ("False positives of detector", _detector(_WRONG)),
    "responder": ("Responder", _responder(lambda at: True)),
    "night": ("At night", _responder(is_night)),
    "weekend": ("On weekends", _responder(is_weekend)),
}  # fmt: skip
