"""Orders of lists and their cursors, and refusal of tampered ones."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from incidents.lifecycle.sort_keys import weight_of
from incidents.listing.ordering import ORDERS, decode, encode, parse_order
from incidents.vocabulary import SEVERITY_RANK, Severity
from tests.incidents.make import NOW

ROW = SimpleNamespace(
    id=2**40,
    detected_at=NOW,
    weight=3,
    active_minute=NOW,
    openness=6,
    next_due=NOW,
    commander_key="𝄞" * 32,
    lasted=timedelta(days=355_000, microseconds=7),
)
orders = pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)


@orders
@pytest.mark.parametrize("is_back", [False, True])
def test_cursor_round_trips_in_every_order(order, is_back):
    cursor = decode(order, encode(order, ROW, is_back=is_back))
    assert cursor.keys == tuple(getattr(ROW, key) for key in order.keys)
    assert cursor.is_back is is_back


@orders
def test_cursor_of_one_order_is_refused_by_every_other(order):
    for other in ORDERS.values():
        if other != order:
            with pytest.raises(Invalid) as refused:
                decode(other, encode(order, ROW))
            assert refused.value.faults[0].field == "cursor"


def _cursor(*parts):
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "%%%",
        "é",
        "",
        _cursor(),
        _cursor("newest", 0),
        _cursor("newest", 2, NOW.isoformat(), 5),
        _cursor("newest", 0, "2026-01-01T00:00:00", 5),
        _cursor("newest", 0, "0001-01-01T00:00:00+14:00", 5),
        _cursor("newest", 0, NOW.isoformat(), 2**63),
        _cursor("newest", 0, NOW.isoformat(), "5"),
        _cursor("newest", 0, NOW.isoformat(), True),
        _cursor("newest", 0, NOW.isoformat(), 1.5),
        base64.urlsafe_b64encode(b'{"a": 1}').decode(),
        base64.urlsafe_b64encode(b"[[[[[[").decode(),
    ],
)
def test_anything_else_is_refused(cursor):
    with pytest.raises(Invalid):
        decode(ORDERS["newest"], cursor)


@given(st.text(max_size=300), st.sampled_from(list(ORDERS.values())))
def test_invalid_text_is_always_refused(text, order):
    with contextlib.suppress(Invalid):
        assert decode(order, text).order == order.name


@given(st.lists(st.integers() | st.text(max_size=20) | st.none() | st.floats(), max_size=5))
def test_well_formed_list_is_read_or_refused(parts):
    for order in ORDERS.values():
        with contextlib.suppress(Invalid):
            assert len(decode(order, _cursor(order.name, 0, *parts)).keys) == len(order.keys)


def test_severity_with_more_weight_is_worse():
    assert sorted(Severity, key=weight_of, reverse=True) == sorted(Severity, key=SEVERITY_RANK.__getitem__)


@pytest.mark.parametrize(
    ("word", "name"),
    [("", "newest"), ("Oldest", "oldest"), ("-detected_at", "newest"), ("last-event", "last_event"),
     ("longest", "duration"), (" severity ", "severity")],
)  # fmt: skip
def test_orders_have_other_names(word, name):
    assert parse_order(word).name == name


def test_unknown_order_is_refused_with_the_known_ones():
    with pytest.raises(Invalid, match="last_event"):
        parse_order("shoe size")


def test_keys_of_an_order_end_in_the_id_so_that_no_two_rows_tie():
    assert {order.keys[-1] for order in ORDERS.values()} == {"id"}
    assert datetime(2026, 3, 1, tzinfo=UTC) < NOW
