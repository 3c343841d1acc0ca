"""Turns by the wall clock: daylight saving tables, layers, gaps, and a minute-by-minute check."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.oncall.layers import gaps, laid_over
from accounts.oncall.planning import StoredShift, planned_spans, shift_changes
from accounts.oncall.turns import Rotation, Span, spans_of, weekly_anchor
from accounts.oncall.wall_clock import instant

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(*people: int, at: time = time(9), **more) -> Rotation:
    first = more.pop("starts_on", date(2026, 1, 1))
    values = {"layer": 1, "length_days": 1, "anchor": first, "handoff_time": at, "starts_on": first}
    return Rotation(participants=people, **(values | more))


# Zone, hand-off time, first day, the hand-offs in UTC around the change, and the hours of the middle turn.
CHANGES = [
    (BERLIN, time(9), date(2026, 3, 27), "03-27T08:00 03-28T08:00 03-29T07:00 03-30T07:00", 23),
    (BERLIN, time(2, 30), date(2026, 3, 28), "03-28T01:30 03-29T01:30 03-30T00:30 03-31T00:30", 23),
    (BERLIN, time(9), date(2026, 10, 23), "10-23T07:00 10-24T07:00 10-25T08:00 10-26T08:00", 25),
    (BERLIN, time(2, 30), date(2026, 10, 24), "10-24T00:30 10-25T00:30 10-26T01:30 10-27T01:30", 25),
    (NEW_YORK, time(9), date(2026, 3, 6), "03-06T14:00 03-07T14:00 03-08T13:00 03-09T13:00", 23),
    (NEW_YORK, time(2, 30), date(2026, 3, 7), "03-07T07:30 03-08T07:30 03-09T06:30 03-10T06:30", 23),
    (NEW_YORK, time(9), date(2026, 10, 30), "10-30T13:00 10-31T13:00 11-01T14:00 11-02T14:00", 25),
    (NEW_YORK, time(1, 30), date(2026, 10, 31), "10-31T05:30 11-01T05:30 11-02T06:30 11-03T06:30", 25),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "at", "first", "instants", "hours"), CHANGES)
def test_daily_handoffs_stay_at_their_local_time_over_daylight_saving(zone, at, first, instants, hours):
    edges = [utc(f"2026-{text}") for text in instants.split()]
    spans = spans_of(daily(1, 2, 3, at=at, starts_on=first), zone, edges[0], edges[-1])
    assert [(span.starts_at, span.ends_at) for span in spans] == list(pairwise(edges))
    assert [span.user_id for span in spans] == [1, 2, 3]
    assert [(span.ends_at - span.starts_at) / timedelta(hours=1) for span in spans] == [24, hours, 24]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23), (BERLIN, date(2026, 10, 25), 25),
        (NEW_YORK, date(2026, 3, 8), 23), (NEW_YORK, date(2026, 11, 1), 25),
        (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5), 24.5),
        (ZoneInfo("Asia/Kolkata"), date(2026, 3, 29), 24),
        (ZoneInfo("Africa/Casablanca"), date(2026, 2, 15), 25),
        (ZoneInfo("Africa/Casablanca"), date(2026, 3, 22), 23),
        (ZoneInfo("America/Nuuk"), date(2026, 3, 28), 23), (ZoneInfo("America/Nuuk"), date(2026, 10, 24), 25),
    ],
)  # fmt: skip
def test_rotation_covers_the_day_of_a_change_without_gap_or_overlap(zone, day, hours):
    start, end = instant(day, time(0), zone), instant(day + timedelta(days=1), time(0), zone)
    spans = spans_of(daily(1, 2, at=time(8)), zone, start, end)
    assert gaps(spans, start, end) == []
    assert sum((s.ends_at - s.starts_at for s in spans), timedelta()) == timedelta(hours=hours)


def test_weekly_turns_begin_on_the_handoff_day_and_the_first_may_be_short():
    monday = weekly_anchor(date(2026, 11, 26), 0)
    assert monday == date(2026, 11, 23)
    weekly = daily(7, 8, starts_on=date(2026, 11, 26), anchor=monday, length_days=7)
    spans = spans_of(weekly, ZoneInfo("UTC"), utc("2026-11-01T00:00"), utc("2026-12-10T00:00"))
    assert [(s.user_id, s.starts_at.day, s.ends_at.day) for s in spans] == [
        (7, 26, 30),
        (8, 30, 7),
        (7, 7, 10),
    ]


def test_active_hours_over_midnight_belong_to_the_day_they_begin():
    nights = daily(1, at=time(9), active_from=time(22), active_to=time(6), active_weekdays=frozenset({4}))
    spans = spans_of(nights, BERLIN, utc("2026-11-02T00:00"), utc("2026-11-09T00:00"))
    friday_night = (utc("2026-11-06T21:00"), utc("2026-11-07T05:00"))
    assert [(s.starts_at, s.ends_at) for s in spans] == [friday_night]


def test_higher_layer_wins_and_the_lower_one_shows_through():
    base = [Span(1, utc("2026-11-02T00:00"), utc("2026-11-03T00:00"), "a")]
    upper = [Span(2, utc("2026-11-02T08:00"), utc("2026-11-02T16:00"), "b")]
    assert [(s.user_id, s.starts_at.hour, s.ends_at.hour) for s in laid_over([base, upper])] == [
        (1, 0, 8), (2, 8, 16), (1, 16, 0),
    ]  # fmt: skip


def test_gaps_are_found_before_between_and_after_shifts():
    spans = [Span(1, utc("2026-11-02T08:00"), utc("2026-11-02T12:00"), "a")]
    start, end = utc("2026-11-02T00:00"), utc("2026-11-03T00:00")
    assert gaps(spans, start, end) == [(start, spans[0].starts_at), (spans[0].ends_at, end)]


def test_turns_of_a_removed_member_show_the_layer_below():
    start, end = utc("2026-11-02T00:00"), utc("2026-11-04T00:00")
    plan = planned_spans(
        [daily(1, at=time(0)), daily(2, at=time(0), layer=2)],
        [], members={1}, zone=BERLIN, start=start, end=end,
    )  # fmt: skip
    assert {span.user_id for span in plan} == {1}
    assert gaps(plan, start, end) == []


def test_running_shift_changes_only_its_end():
    now, turn = utc("2026-11-02T12:00"), "layer-1-20261102"
    stored = StoredShift(5, Span(1, utc("2026-11-02T08:00"), utc("2026-11-03T08:00"), turn))
    same = shift_changes([stored], [Span(1, now, utc("2026-11-03T08:00"), turn)], now=now)
    assert not same
    other = shift_changes([stored], [Span(2, now, utc("2026-11-03T08:00"), turn)], now=now)
    assert (other.set_end, other.delete, [s.user_id for s in other.insert]) == ({5: now}, [], [2])


rotations = st.builds(
    daily,
    st.integers(1, 3),
    st.integers(4, 6),
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    length_days=st.integers(1, 9),
    starts_on=st.dates(date(2026, 10, 20), date(2026, 10, 28)),
    layer=st.integers(1, 3),
    active_from=st.just(time(6)),
    active_to=st.sampled_from([time(6), time(14), time(2)]),
)


@settings(max_examples=15, deadline=None)
@given(
    layers=st.lists(rotations, max_size=3, unique_by=lambda r: r.layer),
    zone=st.sampled_from([BERLIN, NEW_YORK]),
)
def test_plan_equals_asking_every_minute_who_is_on_call(layers, zone):
    start, end = utc("2026-10-24T00:00"), utc("2026-10-27T00:00")
    plan = planned_spans(layers, [], members=set(range(9)), zone=zone, start=start, end=end)
    for minutes in range(0, 3 * 24 * 60, 7):
        moment = start + timedelta(minutes=minutes)
        found = [span.user_id for span in plan if span.starts_at <= moment < span.ends_at]
        assert found == _brute(layers, zone, moment)


def _brute(layers: list[Rotation], zone: ZoneInfo, moment: datetime) -> list[int]:
    """The person of the topmost layer that is active, found by walking its days."""
    for rotation in sorted(layers, key=lambda r: -r.layer):
        turns = [
            instant(
                rotation.starts_on + timedelta(days=n * rotation.length_days), rotation.handoff_time, zone
            )
            for n in range(20)
        ]
        number = sum(1 for turn in turns if turn <= moment) - 1
        if number < 0 or not _is_active(rotation, zone, moment):
            continue
        return [rotation.participants[number % len(rotation.participants)]]
    return []


def _is_active(rotation: Rotation, zone: ZoneInfo, moment: datetime) -> bool:
    opens, closes = rotation.active_from, rotation.active_to
    today = moment.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        until = day + timedelta(days=1) if closes <= opens else day
        if instant(day, opens, zone) <= moment < instant(until, closes, zone):
            return True
    return False
