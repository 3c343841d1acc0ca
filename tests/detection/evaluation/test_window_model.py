"""The windows in SQL against a brute-force model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Workspace
from detection.evaluation.evidence import crossings_of, states_of, with_members
from detection.evaluation.findings import TouchedGroup
from detection.models import DetectionRule

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)
WIDTH = 10


@dataclass(frozen=True)
class Hit:
    at: int
    source: str
    matches: bool


hits = st.lists(
    # Few moments are drawn too: events of one batch often carry the same one.
    st.builds(
        Hit,
        st.integers(0, 60) | st.sampled_from([0, 7, 30]),
        st.sampled_from("abc"),
        st.sampled_from([True, True, True, False]),
    ),
    max_size=25,
)


Answer = tuple[int, int] | None


def model(hits: list[Hit], threshold: int, spread: int, *, consecutive: bool) -> Answer:
    """When the first window is crossed and what that counts: every window that ends at a hit is tried."""
    ordered = sorted(enumerate(hits), key=lambda pair: (pair[1].at, pair[0]))
    for place, (_, last) in enumerate(ordered):
        run: list[Hit] = []
        for _, hit in ordered[: place + 1]:
            run = [*run, hit] if hit.matches else [] if consecutive else run
        window = [hit for hit in run if hit.at > last.at - WIDTH]
        if last.matches and len(window) >= threshold and len({hit.source for hit in window}) >= spread:
            return last.at, len(window) + _following(
                [hit for _, hit in ordered[place + 1 :]], consecutive=consecutive
            )
    return None


def _following(later: list[Hit], *, consecutive: bool) -> int:
    ends = [n for n, hit in enumerate(later) if consecutive and not hit.matches]
    return sum(hit.matches for hit in later[: ends[0] if ends else None])


@pytest.fixture
def found(workspace: Workspace, make_rule: Callable[..., DetectionRule]) -> Callable[..., Answer]:
    rule = make_rule(time_window_seconds=WIDTH, group_by="workspace")

    def ask(hits: list[Hit], threshold: int, spread: int, *, consecutive: bool) -> Answer:
        stored = [hit for hit in hits if hit.matches or consecutive]
        with transaction.atomic():
            DetectionRule.across_workspaces.filter(pk=rule.pk).update(
                error_threshold=threshold, min_components_affected=spread, require_consecutive=consecutive
            )
            _store(rule, hits, stored)
            times = [START + timedelta(seconds=hit.at) for hit in stored] or [START]
            pair = TouchedGroup(workspace.pk, rule.pk, "*", min(times), max(times))
            crossings = with_members(workspace.pk, crossings_of(states_of([pair])))
            transaction.set_rollback(True)
        if not crossings:
            return None
        return int((crossings[0].at - START).total_seconds()), len(crossings[0].members)

    return ask


def _store(rule: DetectionRule, hits: list[Hit], stored: list[Hit]) -> None:
    rows = [
        (
            rule.workspace_id,
            rule.pk,
            START + timedelta(seconds=hit.at),
            10**9 + n,
            hit.matches,
            "*",
            hit.source,
        )
        for n, hit in enumerate(hits)
        if hit in stored
    ]
    with connection.cursor() as cursor:
        cursor.executemany("insert into detection_rule_hit values (%s, %s, %s, %s, %s, %s, %s)", rows)


relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@relaxed
@given(hits, st.integers(1, 6))
def test_counting_agrees_with_the_model(found, hits: list[Hit], threshold: int) -> None:
    assert found(hits, threshold, 1, consecutive=False) == model(hits, threshold, 1, consecutive=False)


@relaxed
@given(hits, st.integers(1, 6))
def test_unbroken_runs_agree_with_the_model(found, hits: list[Hit], threshold: int) -> None:
    assert found(hits, threshold, 1, consecutive=True) == model(hits, threshold, 1, consecutive=True)


@relaxed
@given(hits, st.integers(1, 6), st.integers(2, 3), st.booleans())
def test_distinct_components_agree_with_the_model(found, hits, threshold, spread, consecutive) -> None:
    expected = model(hits, threshold, spread, consecutive=consecutive)
    assert found(hits, threshold, spread, consecutive=consecutive) == expected
