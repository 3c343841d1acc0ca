"""Every accepted spelling of an incident's reference."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, NotFound
from incidents.reference import MAX_NUMBER, parse_reference, reference

SPELLINGS = ["INC-{}", "#INC-{:03d}", "{}", "inc-{}", "inc_{:05d}", "#{}", " INC {} ", "Inc{}", "{:08d}"]


@given(st.integers(1, MAX_NUMBER), st.sampled_from(SPELLINGS))
def test_every_spelling_means_the_same_number(number, spelling):
    assert parse_reference(spelling.format(number)) == number


@given(st.integers(1, MAX_NUMBER))
def test_shown_reference_can_be_parsed(number):
    assert parse_reference(reference(number)) == number


def test_plain_number_is_taken_as_it_is():
    assert parse_reference(42) == 42


@pytest.mark.parametrize("text", ["", "INC-", "abc", "4 2", "-1", "1.5", "INC-1x", "٤٢", "1\x00", "INC--4"])
def test_anything_else_is_refused_by_name(text):
    with pytest.raises(Invalid) as refused:
        parse_reference(text)
    assert refused.value.faults[0].field == "incident"


@pytest.mark.parametrize("text", ["0", "INC-0", str(MAX_NUMBER + 1), "9" * 40])
def test_number_no_incident_can_have_is_not_found(text):
    with pytest.raises(NotFound):
        parse_reference(text)


@given(st.text(max_size=300))
def test_invalid_text_is_always_refused(text):
    with contextlib.suppress(Invalid, NotFound):
        assert 1 <= parse_reference(text) <= MAX_NUMBER
