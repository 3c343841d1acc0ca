"""Health of components: the numbers of the documented definition, and its invariants."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.paths import ROOT
from incidents.components.dependencies import circle
from incidents.overview import health
from incidents.overview.health import Burden, Health, Standing, health_under
from incidents.vocabulary import Impact, Severity

DOCUMENT = ROOT / "docs" / "explanation" / "health.md"
BURDENS = st.builds(
    Burden,
    severity=st.sampled_from(Severity.values),
    is_monitored=st.booleans(),
    count=st.integers(1, 50),
    impact=st.sampled_from(["", *Impact.values]),
)


@pytest.mark.parametrize(
    ("burdens", "percent", "standing"),
    [
        ([], 100, "healthy"),
        ([("sev2", "degraded"), ("sev3", "degraded")], 75, "degraded"),  # the API gateway of the examples
        ([("sev3", "degraded")], 90, "warning"),  # the cache
        ([("sev4", "total_outage")], 0, "down"),  # the worker pool
        ([("sev1", "partial_outage")], 40, "degraded"),
        ([("sev1", "")], 20, "down"),
        ([("sev2", "")], 75, "degraded"),
        ([("sev3", "")], 90, "warning"),
        ([("sev4", "")], 98, "healthy"),
        ([("sev1", ""), ("sev1", "")], 0, "down"),
    ],
)
def test_open_incidents_take_their_points(burdens, percent, standing):
    found = health_under(Burden(severity, False, 1, impact) for severity, impact in burdens)
    assert (found.percent, found.standing) == (percent, standing)


def test_monitored_incident_has_half_the_points_rounded_up():
    assert Burden("sev4", True, 3, "degraded").points == 9
    assert Burden("sev1", True).points == 40


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
@given(st.lists(BURDENS, max_size=12))
def test_health_is_a_percentage_with_a_word_and_never_rises_with_more_incidents(burdens):
    found = health_under(burdens)
    assert 0 <= found.percent <= 100
    assert found.standing in Standing
    assert health_under(burdens[:-1]).percent >= found.percent


def test_every_percentage_has_exactly_one_word():
    for percent in range(101):
        words = [word for word, least, most in health.ranges() if least <= percent <= most]
        assert words == [Health(percent).standing]


def test_worse_impact_or_severity_never_takes_less():
    order = [Impact.DEGRADED, Impact.PARTIAL_OUTAGE, Impact.TOTAL_OUTAGE]
    for severity in Severity:
        taken = [health.COMPONENT_POINTS[impact][severity] for impact in order]
        assert taken == sorted(taken)
    for row in (health.SYSTEM_POINTS, *health.COMPONENT_POINTS.values()):
        taken = [row[severity] for severity in Severity]
        assert taken == sorted(taken, reverse=True)


def test_document_gives_the_same_numbers():
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", DOCUMENT.read_text(), re.M)
    documented = {name.strip(): [int(n) for n in numbers] for name, *numbers in rows}
    known = {Impact(impact).label: list(row.values()) for impact, row in health.COMPONENT_POINTS.items()}
    assert documented == {"The system": list(health.SYSTEM_POINTS.values()), **known}
    for word, least, most in health.ranges():
        assert f"| {word.title()} | {least}–{most} % |" in DOCUMENT.read_text()


@pytest.mark.parametrize(
    ("needs", "edges", "way"),
    [
        ([], {}, []),
        ([2], {}, []),
        ([1], {}, [1, 1]),
        ([2], {2: [1]}, [1, 2, 1]),
        ([2], {2: [3], 3: [4], 4: [1]}, [1, 2, 3, 4, 1]),
        ([2, 3], {2: [4], 3: [4]}, []),
        ([2], {1: [5], 5: [1], 2: [3]}, []),
        ([2], {2: [3], 3: [2]}, []),
    ],
)
def test_return_address_is_found(needs, edges, way):
    assert circle(1, needs, edges) == way


@given(st.dictionaries(st.integers(1, 8), st.sets(st.integers(1, 8), max_size=4), max_size=8))
def test_cycle_is_found_exactly_when_a_path_search_finds_it(edges):
    reached, waiting = set(), set(edges.get(1, ()))
    while waiting:
        reached |= waiting
        waiting = {n for one in waiting for n in edges.get(one, ())} - reached
    way = circle(1, edges.get(1, ()), edges)
    assert bool(way) is (1 in reached)
    for one, further in pairwise(way):
        assert further in edges[one]


def test_chain_of_a_hundred_thousand_is_followed():
    edges = {n: [n + 1] for n in range(2, 100_000)}
    assert circle(1, [2], edges) == []
