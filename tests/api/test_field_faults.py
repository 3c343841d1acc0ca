"""Refused fields have plain messages, never those of the validator."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from pydantic_core.core_schema import ErrorType

from core.http.field_faults import OUR_OWN, WORDS, field_fault, field_faults

# The messages of the validator itself.
VALIDATOR_TEXT = re.compile(
    r"Input should|Field required|Value error|Extra inputs|String should|pydantic|Assertion", re.I
)
CONTEXT: dict[str, Any] = {
    "min_length": 1, "max_length": 5, "gt": 1, "ge": 1, "lt": 9, "le": 9, "multiple_of": 2,
    "expected": "`a` or `b`",
    "expected_schemes": "http or https",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(get_args(ErrorType)))
def test_each_error_of_the_validator_has_a_plain_message(kind: str) -> None:
    fault = field_fault(
        "title", {"type": kind, "loc": ("title",), "msg": "Input should be x", "ctx": CONTEXT}
    )
    assert fault.message
    assert "{" not in fault.message
    assert not VALIDATOR_TEXT.search(fault.message)
    assert not VALIDATOR_TEXT.search(fault.rule)


def test_table_names_errors_that_exist() -> None:
    assert set(WORDS) <= set(get_args(ErrorType))
    assert not set(WORDS) & OUR_OWN


def test_messages_of_own_validators_are_unchanged() -> None:
    own = {
        "type": "value_error",
        "msg": "Value error, must be a weekday",
        "ctx": {"error": ValueError("must be a weekday")},
    }
    assert field_fault("day", own).message == "must be a weekday"
    assert (
        field_fault("day", {"type": "value_error", "msg": "Value error, must be a weekday"}).message
        == "must be a weekday"
    )


@pytest.mark.django_db
def test_refused_body_has_plain_messages(api: Any) -> None:
    body = {"title": 3, "labels": [], "is_drill": "perhaps", "started_at": "soon", "colour": "red"}
    problem = api.post("/incidents", body).json()
    faults = {fault["field"]: (fault["rule"], fault["message"]) for fault in problem["errors"]}
    assert faults["title"] == ("type", "must be a text")
    assert faults["labels"] == ("type", "must be an object")
    assert faults["is_drill"] == ("type", "must be true or false")
    assert faults["colour"] == ("unknown", "is not a field of this request")
    assert not VALIDATOR_TEXT.search(str(problem))
    assert api.post("/incidents", {}).json()["errors"][0]["message"] == "is required"


def test_value_of_several_types_has_one_plain_fault():
    errors = [
        {"type": "string_type", "loc": ("body", "arguments", "a", "str"), "msg": ""},
        {"type": "int_type", "loc": ("body", "arguments", "a", "int"), "msg": ""},
        {"type": "string_type", "loc": ("body", "int"), "msg": ""},
    ]
    [several, alone] = field_faults(errors, lambda place: ".".join(map(str, place[1:])))
    assert (several.field, several.rule) == ("arguments.a", "type")
    assert several.message == "must be a text, or must be a whole number"
    assert (alone.field, alone.message) == ("int", "must be a text")
