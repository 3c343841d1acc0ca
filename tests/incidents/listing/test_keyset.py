"""Keyset cursors: encoding, and refusal of tampered ones."""

from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from incidents.listing.keyset import decode_cursor, encode_cursor, page_of
from tests.incidents.make import NOW

EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_DAYS = st.integers(0, 3_000_000)
moments = st.builds(
    lambda days, us: EPOCH + timedelta(days=days, microseconds=us), _DAYS, st.integers(0, 86_399_999_999)
)


@given(moments, st.integers(0, 2**63 - 1))
def test_cursor_round_trips(at, pk):
    assert decode_cursor(encode_cursor(at, pk)) == (at, pk)


@given(moments, st.integers(0, 2**63 - 1))
def test_cursor_is_safe_in_an_address(at, pk):
    assert set(encode_cursor(at, pk)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )


@pytest.mark.parametrize(
    "cursor", ["x", "💥", "AAAA", "=", "MjAyNg", "a" * 5000, encode_cursor(NOW, 1)[:-4], "\x00"]
)
def test_made_up_cursor_is_refused_by_name(cursor):
    with pytest.raises(Invalid) as refused:
        decode_cursor(cursor)
    assert refused.value.faults[0].field == "cursor"


def _named(row):
    return base64.urlsafe_b64encode(row.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "row",
    [
        "0001-01-01T00:00:00+14:00 1",
        "9999-12-31T23:59:59-14:00 1",
        "2026-03-01T12:00:00+00:00 -1",
        "2026-03-01T12:00:00+00:00 +1",
        "2026-03-01T12:00:00+00:00 1_0",
        "2026-03-01T12:00:00+00:00 9223372036854775808",
        "2026-03-01T12:00:00 1",
    ],
)
def test_cursor_out_of_range_is_refused(row):
    with pytest.raises(Invalid, match="cursor"):
        decode_cursor(_named(row))


def test_cursor_with_an_odd_offset_is_read_in_utc():
    at, _ = decode_cursor(_named("2026-03-01T12:00:00+23:59:59.5 1"))
    assert (at.tzinfo, at.isoformat()) == (UTC, "2026-02-28T12:00:00.500000+00:00")


@given(st.text(max_size=120))
def test_invalid_cursor_is_always_refused(cursor):
    with contextlib.suppress(Invalid):
        at, pk = decode_cursor(cursor)
        assert at.tzinfo is not None
        assert pk >= 0


def test_full_page_without_more_has_no_next():
    assert page_of([1, 2], 2, lambda n: (NOW, n)).next_cursor is None


def test_one_row_too_many_is_left_off_and_gives_the_cursor_of_the_last_shown():
    page = page_of([1, 2, 3], 2, lambda n: (NOW, n))
    assert list(page.items) == [1, 2]
    assert decode_cursor(page.next_cursor) == (NOW, 2)
