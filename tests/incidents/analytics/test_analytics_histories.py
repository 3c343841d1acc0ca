"""Random histories, each in a period of its own: figures equal what plain Python computes.

200 in one zone; with `make faults` 2,000 in each of three.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from accounts.models import Workspace
from incidents.analytics.figures import figures_of
from incidents.analytics.groups import groups_of, time_between, weekly
from incidents.analytics.measures import MEASURES
from incidents.analytics.selectors import scope_of
from incidents.listing.filters import IncidentFilter
from incidents.models import Incident
from tests.incidents.analytics.test_analytics import expected
from tests.tables import count, share

pytestmark = pytest.mark.django_db
HISTORIES = count(100, 2000)
PERIOD = timedelta(days=5)
# 200 periods go to the autumn of 2026: five changes of the clocks. 2,000 go to 2024.
FIRST = datetime(count(2024, 1997), 1, 1, 5, tzinfo=UTC)
ZONES = ("America/New_York", "Australia/Lord_Howe", "Europe/Berlin")


def some_incident(workspace, number: int, begin: datetime, chance: random.Random) -> Incident:
    detected = begin + timedelta(seconds=chance.randint(0, int(PERIOD.total_seconds()) - 1))
    is_open = chance.random() < 0.2

    def later(share: float, most: int) -> datetime | None:
        return detected + timedelta(seconds=chance.randint(-30, most)) if chance.random() < share else None

    return Incident(
        workspace=workspace, number=number, title=f"Incident {number}", source="declared",
        severity=chance.choice(["sev1", "sev2", "sev3", "sev4"]), event_count=chance.randint(0, 50),
        incident_type=chance.choice(["error_burst", "service_down", "deadlock"]),
        status="open" if is_open else "resolved", is_drill=chance.random() < 0.1,
        started_at=detected - timedelta(seconds=chance.choice([0, 0, 5, 900])), detected_at=detected,
        acknowledged_at=later(0.7, 4000), mitigated_at=later(0.4, 9000),
        resolved_at=None if is_open else later(1.0, 200_000),
    )  # fmt: skip


def mtbf(incidents: list[Incident]) -> float | None:
    ordered = sorted(incidents, key=lambda one: (one.started_at, one.pk))
    gaps = []
    for one, following in pairwise(ordered):
        end = min(one.resolved_at or following.started_at, following.started_at)
        between = following.started_at - one.started_at
        gaps.append((between - max(end - one.started_at, timedelta())).total_seconds())
    return sum(gaps) / len(gaps) if gaps else None


@pytest.mark.timeout(count(240, 3600))
@pytest.mark.parametrize("name", share(ZONES, turn=0, size=1))
def test_figures_of_random_histories_equal_brute_force(workspace, make_actor, name):
    Workspace.objects.filter(pk=workspace.pk).update(time_zone=name)
    chance, actor, zone = random.Random(19), make_actor("viewer"), ZoneInfo(name)
    periods = [FIRST + PERIOD * n for n in range(HISTORIES)]
    sizes = [chance.choice([0, 1, 2, 3, 8, 20]) for _ in periods]
    rows, number = [], 0
    for begin, size in zip(periods, sizes, strict=True):
        for _ in range(size):
            number += 1
            rows.append(some_incident(workspace, number, begin, chance))
    made = Incident.objects.bulk_create(rows)
    with connection.cursor() as cursor:  # what autovacuum does where rows are not undone by each test
        cursor.execute("analyze incidents_incident, incidents_incidentmeasure, incidents_affectedcomponent")
    wrong = []
    for begin in periods:
        end = begin + PERIOD
        counted = [one for one in made if begin <= one.detected_at < end and not one.is_drill]
        scope = scope_of(actor, IncidentFilter(since=begin, until=end), now=end)
        assert scope.zone == zone
        wrong += [(begin, *fault) for fault in faults(scope, counted, zone)]
    assert wrong == []


def faults(scope, counted: list[Incident], zone: ZoneInfo) -> list[tuple]:
    """What differs from brute force."""
    found = []
    for measure, figure in zip(MEASURES, figures_of(scope.measures), strict=True):
        count, *right = expected(counted, measure.start, measure.end)
        times = (figure.mean, figure.median, figure.p90)
        is_same = figure.count == count and all(map(same, times, right))
        if not is_same or count + sum(figure.left_out.values()) != len(counted):
            found.append((measure.name, figure, count, right))
    if not same(time_between(scope.measures), mtbf(counted)):
        found.append(("mtbf", time_between(scope.measures), mtbf(counted)))
    hours = [[0] * 24 for _ in range(7)]
    for one in counted:
        local = one.detected_at.astimezone(zone)
        hours[local.weekday()][local.hour] += 1
    if weekly(scope.measures, zone) != hours:
        found.append(("weekly", hours))
    parts = (("severity", "severity"), ("type", "incident_type")) if len(counted) > 8 else ()
    for name, column in parts:
        groups = {one.value: one.count for one in groups_of(scope.workspace_id, scope.measures, zone)[name]}
        values = [getattr(one, column) for one in counted]
        if groups != {value: values.count(value) for value in set(values)}:
            found.append((name, groups))
    return found


def same(value: timedelta | None, right: float | None) -> bool:
    if value is None or right is None:
        return value is None and right is None
    return abs(value.total_seconds() - right) < 0.001
