"""The state machine of incidents: allowed transitions, and the fields they set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.lifecycle.state_machine import (
    ORDER,
    ForbiddenMoveError,
    IncidentState,
    acknowledge,
    entry_kind,
    is_reopening,
    move,
    next_statuses,
)
from incidents.vocabulary import UNRESOLVED, EntryKind, Status
from tests.incidents.make import NOW

LATER = NOW + timedelta(minutes=5)
statuses = st.sampled_from(list(Status))


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("open", {"investigating", "identified", "monitoring", "resolved"}),
        ("investigating", {"identified", "monitoring", "resolved"}),
        ("identified", {"investigating", "monitoring", "resolved"}),
        ("monitoring", {"investigating", "resolved"}),
        ("resolved", {"investigating", "closed"}),
        ("closed", {"investigating"}),
    ],
)
def test_whole_table_of_moves(status, allowed):
    assert {s.value for s in next_statuses(Status(status))} == allowed


def test_open_incident_cannot_be_closed_before_it_is_resolved():
    with pytest.raises(ForbiddenMoveError, match="closed cannot follow open; possible: investigating"):
        move(IncidentState(Status.OPEN), Status.CLOSED, NOW)


def test_move_to_the_present_status_is_no_move():
    for status in Status:
        with pytest.raises(ForbiddenMoveError):
            move(IncidentState(status), status, NOW)


def test_no_status_returns_to_open():
    for status in Status:
        assert Status.OPEN not in next_statuses(status)


def test_first_move_past_open_acknowledges():
    assert move(IncidentState(Status.OPEN), Status.IDENTIFIED, NOW).acknowledged_at == NOW


def test_earlier_acknowledgement_is_unchanged_by_a_status_change():
    course = acknowledge(IncidentState(Status.OPEN), NOW)
    assert move(course, Status.INVESTIGATING, LATER).acknowledged_at == NOW


def test_acknowledging_twice_preserves_the_first_time():
    assert acknowledge(acknowledge(IncidentState(Status.OPEN), NOW), LATER).acknowledged_at == NOW


def test_first_monitoring_is_the_mitigation_and_a_second_one_is_not():
    first = move(IncidentState(Status.IDENTIFIED), Status.MONITORING, NOW)
    again = move(move(first, Status.INVESTIGATING, LATER), Status.MONITORING, LATER)
    assert first.mitigated_at == again.mitigated_at == NOW


def test_jumping_straight_to_resolved_leaves_the_mitigation_unknown():
    course = move(IncidentState(Status.OPEN), Status.RESOLVED, NOW)
    assert (course.resolved_at, course.mitigated_at, course.closed_at) == (NOW, None, None)


def test_reopening_clears_only_resolution_and_closing():
    resolved = move(move(IncidentState(Status.OPEN), Status.MONITORING, NOW), Status.RESOLVED, NOW)
    closed = move(resolved, Status.CLOSED, LATER)
    back = move(closed, Status.INVESTIGATING, LATER)
    assert (back.status, back.resolved_at, back.closed_at) == (Status.INVESTIGATING, None, None)
    assert (back.acknowledged_at, back.mitigated_at) == (NOW, NOW)


def test_a_second_resolution_after_reopening_has_its_own_time():
    resolved = move(IncidentState(Status.OPEN), Status.RESOLVED, NOW)
    back = move(resolved, Status.INVESTIGATING, NOW)
    assert move(back, Status.RESOLVED, LATER).resolved_at == LATER


def test_only_leaving_resolved_or_closed_is_reopening():
    assert is_reopening(Status.RESOLVED, Status.INVESTIGATING)
    assert is_reopening(Status.CLOSED, Status.INVESTIGATING)
    assert not is_reopening(Status.RESOLVED, Status.CLOSED)
    assert not is_reopening(Status.MONITORING, Status.INVESTIGATING)


def test_timeline_has_a_name_for_every_move():
    assert entry_kind(Status.MONITORING) == EntryKind.MITIGATION
    assert entry_kind(Status.RESOLVED) == EntryKind.RESOLUTION
    assert entry_kind(Status.IDENTIFIED) == EntryKind.STATUS_CHANGE


def _walk(path):
    """The course after every allowed step of `path`, refused steps skipped."""
    course, at = IncidentState(Status.OPEN), NOW
    yield course
    for status in path:
        at += timedelta(seconds=1)
        if status in next_statuses(course.status):
            course = move(course, status, at)
            yield course


@given(st.lists(statuses, max_size=25))
def test_on_any_walk_the_times_agree_with_the_status(path):
    for course in _walk(path):
        assert (course.resolved_at is None) == (course.status in UNRESOLVED)
        assert (course.closed_at is None) == (course.status != Status.CLOSED)
        assert course.status == Status.OPEN or course.acknowledged_at is not None


@given(st.lists(statuses, max_size=25))
def test_lifecycle_times_are_set_once_on_any_path(path):
    courses = list(_walk(path))
    for fact in ("acknowledged_at", "mitigated_at"):
        known = [value for course in courses if (value := getattr(course, fact)) is not None]
        assert len(set(known)) <= 1


@given(statuses)
def test_end_can_be_reached_from_everywhere(status):
    seen, frontier = {status}, {status}
    while frontier:
        frontier = {after for one in frontier for after in next_statuses(one)} - seen
        seen |= frontier
    assert {Status.INVESTIGATING, Status.RESOLVED, Status.CLOSED} <= seen
    assert set(ORDER) == set(Status)
