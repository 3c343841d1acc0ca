"""Analytics equal to what plain Python computes from the same incidents."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta

import pytest

from incidents.analytics.figures import Figure, trend
from incidents.analytics.measures import MEASURES
from incidents.analytics.selectors import analytics_for
from incidents.listing.filters import IncidentFilter
from incidents.models import Incident
from tests.api.bodies import body_of
from tests.api.client import ApiClient
from tests.web.signed_in import browser_for

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)


def history(workspace, seed: int, count: int = 60) -> list[Incident]:
    """Incidents with every gap a history can have: open, never acknowledged, wrong times, drills, outside."""
    chance = random.Random(seed)
    made = []
    for number in range(1, count + 1):
        detected = NOW - timedelta(minutes=chance.randint(0, 60 * 24 * 40))
        lasting = timedelta(seconds=chance.randint(-60, 90_000))
        is_open = chance.random() < 0.2
        acknowledged = detected + timedelta(seconds=chance.randint(0, 4000))
        made.append(
            Incident(
                workspace=workspace, number=number, title=f"Incident {number}",
                severity=chance.choice(["sev1", "sev2", "sev3", "sev4"]),
                incident_type=chance.choice(["error_burst", "service_down", "deadlock"]),
                status="open" if is_open else "resolved", source="declared",
                is_drill=chance.random() < 0.1, event_count=chance.randint(0, 50),
                started_at=detected - timedelta(seconds=chance.randint(0, 900)), detected_at=detected,
                acknowledged_at=acknowledged if chance.random() < 0.7 else None,
                resolved_at=None if is_open else detected + lasting,
            )
        )  # fmt: skip
    return Incident.objects.bulk_create(made)


def expected(
    incidents: list[Incident], start: str, end: str
) -> tuple[int, float | None, float | None, float | None]:
    pairs = [(getattr(one, start), getattr(one, end)) for one in incidents]
    times = sorted((b - a).total_seconds() for a, b in pairs if a and b and b >= a)
    if not times:
        return 0, None, None, None
    place = 0.9 * (len(times) - 1)
    low = int(place)
    p90 = times[low] + (times[min(low + 1, len(times) - 1)] - times[low]) * (place - low)
    return len(times), statistics.fmean(times), statistics.median(times), p90


@pytest.mark.parametrize("seed", range(12))
def test_figures_equal_brute_force(workspace, make_actor, seed):
    made = history(workspace, seed)
    actor = make_actor("viewer")
    found = analytics_for(actor, IncidentFilter(since=SINCE, until=NOW), now=NOW)
    counted = [one for one in made if not one.is_drill and SINCE <= one.detected_at < NOW]
    assert found.total == len(counted)
    assert found.events == sum(one.event_count for one in counted)
    for measure, figure in zip(MEASURES, found.figures, strict=True):
        count, mean, median, p90 = expected(counted, measure.start, measure.end)
        assert figure.count == count
        for value, right in ((figure.mean, mean), (figure.median, median), (figure.p90, p90)):
            assert (value is None) is (right is None)
            if value is not None:
                assert value.total_seconds() == pytest.approx(right, abs=0.001)
        assert count + sum(figure.left_out.values()) == len(counted)
    for groups in found.groups.values():
        if groups is not found.groups["component"]:
            assert sum(group.count for group in groups) == len(counted)
    assert sum(map(sum, found.weekly)) == len(counted)


def test_no_incident_gives_no_times_rather_than_zero(make_actor):
    found = analytics_for(make_actor("viewer"), IncidentFilter())
    assert (found.total, found.mtbf, [one.median for one in found.figures]) == (0, None, [None] * 4)


def test_time_between_failures_leaves_out_the_time_the_earlier_one_was_open(workspace, make_actor):
    start = NOW - timedelta(days=3)
    for number, (begins, hours) in enumerate([(0, 2), (24, 1), (48, 1)], 1):
        began = start + timedelta(hours=begins)
        Incident.objects.create(
            workspace=workspace, number=number, title="x", severity="sev3", status="resolved",
            source="declared",
            started_at=began, detected_at=began, resolved_at=began + timedelta(hours=hours),
        )  # fmt: skip
    found = analytics_for(make_actor("viewer"), IncidentFilter(since=SINCE, until=NOW), now=NOW)
    assert found.mtbf == timedelta(hours=22.5)


def test_trend_needs_five_incidents_in_both_periods():
    few = Figure("mttr", 4, median=timedelta(minutes=1))
    more = Figure("mttr", 5, median=timedelta(minutes=2))
    twice = Figure("mttr", 9, median=timedelta(minutes=4))
    assert trend(few, more) == ""
    assert trend(twice, more) == "100 % longer than the previous period (n=5)"


def test_page_csv_and_api_show_the_same_figures(workspace, make_actor):
    from accounts.tokens.services import issue_token

    history(workspace, 3)
    actor = make_actor("admin")
    browser = browser_for(actor)
    query = f"since={SINCE:%Y-%m-%dT%H:%M:%SZ}&until={NOW:%Y-%m-%dT%H:%M:%SZ}"
    body = (
        ApiClient(issue_token(actor, name="x", scopes=["incidents:read"]).text)
        .get(f"/analytics?{query}")
        .json()
    )
    page = browser.get(f"/analytics?{query}").content.decode()
    lines = body_of(browser.get(f"/analytics.csv?{query}")).decode().splitlines()
    assert f">{body['total_incidents']}</a>" in page
    assert lines[1].startswith(f"total,,{body['total_incidents']},{body['active_incidents']}")
    measured = {line.split(",")[1]: line.split(",")[-1] for line in lines if line.startswith("measure")}
    assert measured == {name: str(one["count"]) for name, one in body["measures"].items()}


def test_figures_of_another_workspace_stay_there(workspace, other_workspace, make_actor):
    history(workspace, 5)
    found = analytics_for(make_actor("admin", inside=other_workspace), IncidentFilter(since=SINCE, until=NOW))
    assert found.total == 0
