"""Backoff: the pause before each retry, and when to stop."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.queue.retry import STANDARD, Backoff, PassingError, PermanentError, after_failure, parse_retry_after

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LEAST, MOST = (lambda low, high: low), (lambda low, high: high)


def test_first_pause_is_at_most_a_second_and_at_least_half_of_one():
    assert after_failure(1, OSError(), uniform=MOST).delay == 1.0
    assert after_failure(1, OSError(), uniform=LEAST).delay == 0.5


def test_pauses_double_up_to_the_longest():
    pauses = [after_failure(n, OSError(), uniform=MOST).delay for n in range(1, 13)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_permanent_error_ends_it_at_once():
    assert after_failure(1, PermanentError("revoked")).is_dead


def test_retry_ends_after_the_last_try():
    assert not after_failure(STANDARD.attempts - 1, OSError()).is_dead
    assert after_failure(STANDARD.attempts, OSError()).is_dead


def test_retry_after_is_the_minimum_pause():
    assert after_failure(1, PassingError("busy", retry_after=120)).delay == 120


def test_retry_after_below_our_pause_does_not_shorten_it():
    assert after_failure(10, PassingError("busy", retry_after=1), uniform=LEAST).delay == 256


def test_retry_after_is_capped_at_an_hour():
    assert after_failure(1, PassingError("busy", retry_after=1e9)).delay == 3600


@given(st.integers(1, 10_000), st.floats(0.01, 60), st.floats(60, 3600))
def test_every_pause_lies_between_half_its_range_and_the_longest(attempt, first, longest):
    backoff = Backoff(first, longest, attempts=100_000)
    delay = after_failure(attempt, OSError(), backoff).delay
    assert first / 2 <= delay <= longest


@given(st.integers(1, 200))
def test_ceilings_never_shrink(attempt):
    assert STANDARD.ceiling(attempt) <= STANDARD.ceiling(attempt + 1)


def test_default_retries_last_more_than_an_hour():
    assert sum(STANDARD.ceiling(n) / 2 for n in range(1, STANDARD.attempts)) > 2700


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_header_breaks_anything(value):
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0
