"""Validation of texts, and shortening of machine-written ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from incidents.validation import clean_labels, clean_line, clean_text, clean_title, fit, fit_text


def refused_field(call, *args, **kwargs):
    with pytest.raises(Invalid) as refused:
        call(*args, **kwargs)
    return refused.value.faults[0].field, refused.value.faults[0].rule


def test_title_is_trimmed():
    assert clean_title("  Checkout is down \n") == "Checkout is down"


def test_title_may_have_exactly_two_hundred_characters_after_trimming():
    assert len(clean_title(" " + "x" * 200 + " ")) == 200
    assert refused_field(clean_title, "x" * 201) == ("title", "max_length")


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_blank_title_is_refused(text):
    assert refused_field(clean_title, text) == ("title", "required")


@pytest.mark.parametrize("char", ["\x00", "\x07", "\n", "\x1b", "\x7f", "\x85", "\ud800", "\u202e", "\u2066"])
def test_title_holds_no_character_that_cannot_be_read(char):
    assert refused_field(clean_title, f"a{char}b") == ("title", "characters")


def test_text_may_have_lines_and_tabs_but_no_nul():
    assert clean_text("message", "one\n\ttwo\r\n") == "one\n\ttwo"
    assert refused_field(clean_text, "message", "a\x00b") == ("message", "characters")


def test_blank_required_text_is_refused():
    assert refused_field(clean_text, "message", "  ", required=True) == ("message", "required")
    assert clean_text("message", "  ") == ""


def test_text_ends_at_twenty_thousand_characters():
    assert len(clean_text("description", "x" * 20_000)) == 20_000
    assert refused_field(clean_text, "description", "x" * 20_001) == ("description", "max_length")


def test_non_text_value_is_refused():
    assert refused_field(clean_line, "component", 7) == ("component", "type")


def test_labels_are_trimmed_pairs():
    assert clean_labels({" team ": " payments "}) == {"team": "payments"}


@pytest.mark.parametrize(
    "labels",
    [
        {"": "x"},
        {"x" * 61: "y"},
        {"a": "x" * 201},
        {"a": 1},
        {"a\x00": "b"},
        ["a"],
        {f"k{n}": "v" for n in range(51)},
    ],
)
def test_wrong_labels_are_refused_by_name(labels):
    field, _ = refused_field(clean_labels, labels)
    assert field.startswith("labels")


@given(st.text(max_size=400), st.integers(2, 200))
def test_line_of_a_machine_is_truncated_and_storable(text, limit):
    line = fit(text, limit)
    assert len(line) <= limit
    assert "\x00" not in line
    line.encode()


@given(st.text(max_size=400))
def test_text_of_a_machine_is_always_storable(text):
    fitted = fit_text(text)
    assert "\x00" not in fitted
    assert fitted == fit_text(fitted)
    fitted.encode()


def test_too_long_line_is_refused_with_the_limit():
    assert fit("x" * 10, 5) == "xxxx…"
    assert fit("one\ntwo", 20) == "one two"
