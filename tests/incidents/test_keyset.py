"""Cursors name a row, and nothing else can be smuggled in through one."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from incidents.keyset import decode_cursor, encode_cursor, page_of
from tests.incidents.make import NOW

EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_DAYS = st.integers(0, 3_000_000)
moments = st.builds(
    lambda days, us: EPOCH + timedelta(days=days, microseconds=us), _DAYS, st.integers(0, 86_399_999_999)
)


@given(moments, st.integers(0, 2**63 - 1))
def test_a_cursor_comes_back_as_it_was(at, pk):
    assert decode_cursor(encode_cursor(at, pk)) == (at, pk)


@given(moments, st.integers(0, 2**63 - 1))
def test_a_cursor_is_safe_in_an_address(at, pk):
    assert set(encode_cursor(at, pk)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )


@pytest.mark.parametrize(
    "cursor", ["x", "💥", "AAAA", "=", "MjAyNg", "a" * 5000, encode_cursor(NOW, 1)[:-4], "\x00"]
)
def test_a_made_up_cursor_is_refused_by_name(cursor):
    with pytest.raises(Invalid) as refused:
        decode_cursor(cursor)
    assert refused.value.faults[0].field == "cursor"


@given(st.text(max_size=120))
def test_no_cursor_does_worse_than_a_refusal(cursor):
    with contextlib.suppress(Invalid):
        at, pk = decode_cursor(cursor)
        assert at.tzinfo is not None
        assert pk >= 0


def test_a_full_page_without_more_has_no_next():
    assert page_of([1, 2], 2, lambda n: (NOW, n)).next_cursor is None


def test_one_row_too_many_is_left_off_and_gives_the_cursor_of_the_last_shown():
    page = page_of([1, 2, 3], 2, lambda n: (NOW, n))
    assert list(page.items) == [1, 2]
    assert decode_cursor(page.next_cursor) == (NOW, 2)
