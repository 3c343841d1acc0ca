"""Recurring windows over clock changes, and the rules that are refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from notifications.silences.recurrence import occurrences, parse_rule


def spans(zone, start, minutes, rule="FREQ=DAILY;COUNT=3"):
    """Each span as its UTC start and its length in minutes."""
    local = datetime.fromisoformat(start)
    found = occurrences(
        local, timedelta(minutes=minutes), ZoneInfo(zone), parse_rule(rule),
        since=datetime(2020, 1, 1, tzinfo=UTC), until=datetime(2040, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return [
        (f"{one.starts_at:%m-%d %H:%M}", (one.ends_at - one.starts_at) // timedelta(minutes=1))
        for one in found
    ]


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "expected"),
    [
        # Spring: the window loses the hour (Lord Howe: half an hour); a start in the gap moves forward by it.
        ("Europe/Berlin", "2027-03-27T01:00", 180,
         [("03-27 00:00", 180), ("03-28 00:00", 120), ("03-28 23:00", 180)]),
        ("Europe/Berlin", "2027-03-27T02:00", 120,
         [("03-27 01:00", 120), ("03-28 01:00", 60), ("03-29 00:00", 120)]),
        ("Europe/Berlin", "2027-03-27T02:30", 30,
         [("03-27 01:30", 30), ("03-28 01:30", 30), ("03-29 00:30", 30)]),
        ("America/New_York", "2027-03-13T02:30", 90,
         [("03-13 07:30", 90), ("03-14 07:30", 30), ("03-15 06:30", 90)]),
        ("Australia/Lord_Howe", "2027-10-02T02:00", 60,
         [("10-01 15:30", 60), ("10-02 15:30", 30), ("10-03 15:00", 60)]),
        ("America/Nuuk", "2027-03-26T22:30", 120,
         [("03-27 00:30", 120), ("03-28 00:30", 60), ("03-28 23:30", 120)]),
        # Autumn: it gains the hour; an ambiguous start is the first of the two.
        ("Europe/Berlin", "2027-10-30T02:00", 120,
         [("10-30 00:00", 120), ("10-31 00:00", 180), ("11-01 01:00", 120)]),
        ("Europe/Berlin", "2027-10-30T02:30", 60,
         [("10-30 00:30", 60), ("10-31 00:30", 120), ("11-01 01:30", 60)]),
        ("America/New_York", "2027-11-06T01:30", 60,
         [("11-06 05:30", 60), ("11-07 05:30", 120), ("11-08 06:30", 60)]),
        ("Australia/Lord_Howe", "2027-04-03T01:30", 60,
         [("04-02 14:30", 60), ("04-03 14:30", 90), ("04-04 15:00", 60)]),
        ("America/Nuuk", "2027-10-29T23:00", 120,
         [("10-30 00:00", 120), ("10-31 00:00", 180), ("11-01 01:00", 120)]),
    ],
)  # fmt: skip
def test_window_follows_the_wall_clock(zone, start, minutes, expected):
    assert spans(zone, start, minutes) == expected


def test_rules_expand_as_they_read():
    assert [day for day, _ in spans("UTC", "2027-01-31T04:00", 60, "FREQ=MONTHLY;BYDAY=1SU;COUNT=3")] == [
        "02-07 04:00", "03-07 04:00", "04-04 04:00",
    ]  # fmt: skip
    assert [day for day, _ in spans("UTC", "2027-01-29T04:00", 60, "FREQ=DAILY;UNTIL=20270130")] == [
        "01-29 04:00", "01-30 04:00",
    ]  # fmt: skip
    assert len(spans("UTC", "2027-01-01T04:00", 60, "FREQ=DAILY;COUNT=400")) == 400
    assert len(spans("UTC", "2027-01-01T04:00", 60, "FREQ=WEEKLY;COUNT=400")) == 400
    assert [day for day, _ in spans("UTC", "2027-01-01T04:00", 60, "")] == ["01-01 04:00"]


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("2019-03-01T22:00", "FREQ=DAILY"),
        ("2020-01-01T22:00", "FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU,WE,TH,FR"),
        ("2018-05-09T22:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU"),
        ("2001-01-31T22:00", "FREQ=MONTHLY"),
        ("2011-01-05T22:00", "FREQ=MONTHLY;INTERVAL=5;BYDAY=MO,TU;BYSETPOS=-1"),
        ("1912-02-29T22:00", "FREQ=YEARLY"),
        ("1999-06-01T22:00", "FREQ=YEARLY;INTERVAL=3;BYMONTH=3,9;BYDAY=1SU"),
        ("2024-01-01T22:00", "FREQ=WEEKLY;UNTIL=20280101"),
        ("2039-12-24T22:00", "FREQ=DAILY"),
    ],
)  # fmt: skip
def test_rule_without_a_count_goes_on_for_ever_as_it_began(start, rule):
    first, last = datetime(2027, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    local = datetime.fromisoformat(start)
    found = occurrences(local, timedelta(hours=4), ZoneInfo("UTC"), parse_rule(rule), since=first, until=last)
    began, ended = (datetime.fromisoformat(one) for one in ("2026-12-31T20:00", "2039-12-31T23:59"))
    every = rrulestr(rule, dtstart=local).between(began, ended)
    assert [one.starts_at.replace(tzinfo=None) for one in found] == every
    assert every


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1",
    ],
)  # fmt: skip
def test_start_long_ago_costs_little(rule):
    assert bool(spans("UTC", "0001-01-01T04:00", 60, rule)) == ("COUNT" not in rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=100",
        "FREQ=DAILY;COUNT=401", "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=DAILY;BYHOUR=3", "BYDAY=SU",
        "FREQ=WEEKLY;BYDAY=XX", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;UNTIL=20271399",
        "FREQ=DAILY;" + "BYMONTH=1," * 40, "nonsense",
    ],
)  # fmt: skip
def test_rule_outside_the_grammar_is_refused(rule):
    with pytest.raises(ValueError, match=r"\w"):
        parse_rule(rule)


def test_rule_that_never_occurs_yields_nothing():
    assert spans("UTC", "2027-01-01T04:00", 60, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30") == []
