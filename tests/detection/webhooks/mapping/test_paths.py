"""The path language of field mapping: matches, errors, and bounded time."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.webhooks.mapping.paths import ExpressionError, check, find_all, text_of, value_of

BODY = {
    "title": "Disk is full",
    "empty": "",
    "nothing": None,
    "count": 3,
    "up": False,
    "alert": {"labels": {"host": "db-1", "a.b": "dotted"}, "tags": ["x", "y"]},
    "alerts": [{"n": 1, "in": [{"k": "a"}]}, {"n": 2, "in": [{"k": "b"}, {"k": "c"}]}, "odd"],
}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("title", "Disk is full"),
        ("$.title", "Disk is full"),
        ("$", None),
        ("alert.labels.host", "db-1"),
        ('alert.labels["a.b"]', "dotted"),
        ("alert['labels'].host", "db-1"),
        ("alerts[0].n", "1"),
        ("alerts[-2].n", "2"),
        ("alerts[9].n", ""),
        ("count", "3"),
        ("up", "false"),
        ("alert.tags", "x, y"),
        ("alert.tags[1]", "y"),
        ("nothing", ""),
        ("missing.deeper", ""),
        ("title.deeper", ""),
        ("missing | empty | title", "Disk is full"),
        ('missing | "a | b"', "a | b"),
        ("missing | 'own'", "own"),
        ("", ""),
        ("{alert.labels.host}: {missing | title}", "db-1: Disk is full"),
        ("{{literal}} {count}", "{literal} 3"),
        ("{missing}", ""),
    ],
)
def test_expression_finds_a_text(expression, found):
    if found is None:
        assert text_of(expression, BODY).startswith("{")
    else:
        assert text_of(expression, BODY) == found


@pytest.mark.parametrize(
    "expression",
    [
        "a b",
        "a..b",
        "a[",
        "a]",
        "a[x]",
        '"open',
        "a |",
        "| a",
        "a || b",
        "{a",
        "a}",
        "{a}}{",
        '"a" b',
        "x" * 501,
        ".".join("a" * 17),
        "a[1234567]",
    ],
)
def test_invalid_expression_is_refused(expression):
    with pytest.raises(ExpressionError):
        check(expression)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("alerts", BODY["alerts"]),
        ("alerts[*]", BODY["alerts"]),
        ("alerts[*].in[*].k", ["a", "b", "c"]),
        ("missing[*]", []),
        ("title[*]", []),
        ("alert", [BODY["alert"]]),
        ("", [BODY]),
    ],
)
def test_find_all_flattens_lists(path, found):
    assert find_all(path, BODY) == found


def test_list_of_any_length_is_cut():
    assert len(find_all("a[*]", {"a": list(range(20_000))})) == 10_000


@given(st.text(alphabet="ab.[]{}|\"'*$0 ", max_size=500))
def test_no_expression_crashes_or_takes_long(expression):
    began = time.process_time()
    for evaluate in (value_of, text_of, find_all):
        with contextlib.suppress(ExpressionError):
            evaluate(expression, BODY)
    assert time.process_time() - began < 0.2
