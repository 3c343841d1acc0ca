"""Batching of events that only add to an open incident; all else is immediate, with the same outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from detection.evaluation import windows
from detection.evaluation.services import draining
from detection.evaluation.services import evaluate as evaluating
from detection.evaluation.services.draining import drain, drain_urgent
from incidents.models import Incident
from tests.detection.bursts import errors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def long_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits does so until a test has sent what it sends, however slow the machine."""
    monkeypatch.setattr("detection.evaluation.services.draining.COUNT_EVERY_S", 2.0)


@pytest.fixture
def busy(make_rule, send) -> str:
    """A source with an open incident that just took in another event."""
    make_rule()
    send(errors(5, source="busy"))
    send(errors(1, source="busy"))
    return "busy"


def counts(workspace) -> dict[str, int]:
    rows = Incident.objects.of(workspace.pk).values_list("title", "event_count")
    return {title.rsplit(" ", 1)[-1]: count for title, count in rows}


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from detection_pending")
        return int(cursor.fetchone()[0])


def test_new_burst_is_seen_while_further_events_of_an_open_incident_wait(workspace, busy, send) -> None:
    send(errors(3, source=busy), then_drain=False)
    send(errors(5, source="new"), then_drain=False)
    drain_urgent()
    assert counts(workspace) == {"busy": 6, "new": 5}
    assert waiting() == 1
    drain()
    assert counts(workspace) == {"busy": 9, "new": 5}
    assert waiting() == 0


def test_burst_that_begins_during_a_drain_is_seen_between_its_steps(
    workspace, busy, send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(errors(1, source=busy), then_drain=False)
    drain_urgent()
    for _ in range(2):
        send(errors(1, source=busy), then_drain=False)
    seen, take = [], draining._take_all

    def observed(*given) -> int:
        taken = take(*given)
        if not seen:
            send(errors(5, source="new"), then_drain=False)
        seen.append(dict(counts(workspace)))
        return taken

    monkeypatch.setattr(draining, "_take_all", observed)
    monkeypatch.setattr(draining._step, "rows", 1)
    drain()
    assert seen[0] == {"busy": 7}
    assert seen[1]["new"] == 5
    assert counts(workspace) == {"busy": 9, "new": 5}


def test_steps_shrink_while_they_are_slow_and_grow_while_they_are_quick() -> None:
    step = draining._Step()
    for _ in range(10):
        step.adapt(step.rows, 0.1)
    assert step.rows == draining.MIN_ROWS
    step.adapt(step.rows - 1, 0.001)  # there were no more
    assert step.rows == draining.MIN_ROWS
    for _ in range(10):
        step.adapt(step.rows, 0.001)
    assert step.rows == draining.DRAIN_ROWS


def test_delayed_evidence_waits_briefly(workspace, busy, send, django_assert_num_queries) -> None:
    drain_urgent()
    send(errors(1, source=busy), then_drain=False)
    with django_assert_num_queries(0):  # the time is up: there is nothing to pass over any more
        drain_urgent()
    drain()
    assert counts(workspace) == {"busy": 7}


def test_events_that_wait_for_one_rule_draw_another_rules_crossing_to_their_incident(
    workspace, make_rule, send
) -> None:
    make_rule("slow", error_threshold=3, time_window_seconds=3600)
    make_rule("fast", error_threshold=8, time_window_seconds=60)
    send(errors(3, ago=600))
    send(errors(1, ago=300))
    send(errors(8), then_drain=False)
    drain_urgent()
    assert counts(workspace) == {"shop": 12}
    drain()
    assert counts(workspace) == {"shop": 12}


def test_incident_resolved_meanwhile_is_not_joined_by_waiting_events(workspace, busy, send) -> None:
    send(errors(2, source=busy), then_drain=False)
    Incident.objects.of(workspace.pk).update(status="closed", closed_at="2100-01-01T00:00:00Z")
    drain_urgent()
    drain()
    assert counts(workspace) == {"busy": 6}
    assert waiting() == 0


def test_without_an_open_incident_nothing_is_passed_over(
    workspace, make_rule, send, django_assert_num_queries
) -> None:
    make_rule()
    send(errors(4, source="calm"))
    with django_assert_num_queries(0):
        drain_urgent()


def test_many_open_incidents_disable_the_skip(workspace, busy, send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detection.evaluation.services.draining.MAX_JOINING", 0)
    send(errors(1, source=busy))
    send(errors(1, source=busy), then_drain=False)
    drain_urgent()
    assert waiting() == 1
    drain()
    assert counts(workspace) == {"busy": 8}


@contextmanager
def locked_elsewhere(title: str) -> Iterator[None]:
    """While another connection has the incident's row locked, as an escalation does."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute("select from incidents_incident where title like %s for no key update", [title])
            yield
            cursor.execute("rollback")
    finally:
        other.close()


def test_events_of_a_locked_incident_are_left_and_a_new_burst_is_not(workspace, busy, send) -> None:
    send(errors(2, source=busy), then_drain=False)
    send(errors(5, source="new"), then_drain=False)
    with locked_elsewhere("% busy"):
        assert drain()  # more is waiting: the task runs again
        assert counts(workspace) == {"busy": 6, "new": 5}
        assert waiting() == 1
    assert not drain()
    assert counts(workspace) == {"busy": 8, "new": 5}
    assert waiting() == 0


def test_burst_that_shares_events_with_a_locked_incident_waits_for_it(workspace, make_rule, send) -> None:
    make_rule("slow", error_threshold=3, time_window_seconds=3600)
    make_rule("fast", error_threshold=8, time_window_seconds=60)
    send(errors(3, ago=600))
    send(errors(1, ago=300))
    send(errors(8), then_drain=False)
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout to '200ms'")
        try:
            with locked_elsewhere("% shop"), pytest.raises(OperationalError, match="lock timeout"):
                drain()
        finally:
            cursor.execute("reset lock_timeout")
    drain()
    assert counts(workspace) == {"shop": 12}


def test_events_of_an_incident_that_stays_locked_are_left_for_seconds_only(
    workspace, busy, send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detection.evaluation.services.evaluate.MAX_PUT_BACK", timedelta())
    send(errors(2, source=busy), then_drain=False)
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout to '200ms'")
        try:
            with locked_elsewhere("% busy"), pytest.raises(OperationalError, match="lock timeout"):
                drain()
        finally:
            cursor.execute("reset lock_timeout")
    drain()
    assert counts(workspace) == {"busy": 8}


def test_pair_with_a_steady_stream_is_evaluated_once(
    workspace, make_rule, send, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_rule()
    send(errors(5, source="new"), then_drain=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "select workspace_id, rule_id, group_key, event_ids, occurred, sources, created_at"
            " from detection_pending"
        )
        pending = cursor.fetchall()
    real, taken = evaluating.rows, []

    def coming(query, params=()):
        if query is not windows.TAKE_SHARERS:
            return real(query, params)
        taken.append(query)
        return pending if len(taken) < 20 else []

    monkeypatch.setattr(evaluating, "rows", coming)
    drain()
    assert len(taken) == 1
    assert counts(workspace) == {"new": 5}
