"""Parsing of rules: every accepted name of a field, and every bad field named with its constraint."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Invalid
from detection.models import Level
from detection.rules.parsing import ALIASES, READERS, REQUIRED, read_rule

GOOD: dict[str, Any] = {
    "rule_id": "my-rule", "name": "Mine", "incident_type": "error_burst", "severity": "sev2",
    "error_threshold": 5, "time_window_seconds": 300,
}  # fmt: skip
BAD: dict[str, list[Any]] = {
    "rule_id": ["", "Upper", "1st", "a b", "x" * 81, 7, None],
    "name": ["", "   ", "x" * 121, 7, None, "a\0b", "\ud800"],
    "description": ["x" * 4001, 7, "\0"],
    "incident_type": ["nonsense", "", 7, None, []],
    "severity": ["sev9", "", 0, None],
    "event_types": ["one", [""], [7], ["x"] * 101, ["x" * 201], None, {}],
    "minimum_level": ["loud", "", []],
    "sources": ["one", [None], ["x" * 201]],
    "message_pattern": ["(", "(?=look)", "x" * 501, 7, "(a{1000}){1000}", "a\\1"],
    "group_by": ["planet", "", None],
    "error_threshold": [0, -1, 10_001, 1.5, "5", True, None],
    "time_window_seconds": [0, 3601, "300", True, float("inf")],
    "check_interval_seconds": [0, 3601, None],
    "require_consecutive": ["true", 1, None],
    "min_components_affected": [0, 1001, "2"],
    "cooldown_seconds": [-1, 604_801, None],
    "enabled": ["yes", 1, None],
    "dry_run": ["no", 0, None],
}
FINE: dict[str, tuple[Any, Any]] = {
    "rule_id": ("a", "a"), "name": ("  n  ", "n"), "description": ("", ""),
    "incident_type": ("service_down", "service_down"), "severity": ("critical", "sev1"),
    "event_types": (["x", "x", "y"], ["x", "y"]), "minimum_level": ("HIGH", Level.ERROR), "sources": ([], []),
    "message_pattern": ("(?i)time[- ]?out", "(?i)time[- ]?out"), "group_by": ("workspace", "workspace"),
    "error_threshold": (10_000, 10_000), "time_window_seconds": (3600, 3600),
    "check_interval_seconds": (1, 1), "require_consecutive": (True, True),
    "min_components_affected": (1000, 1000), "cooldown_seconds": (0, 0), "enabled": (False, False),
    "dry_run": (True, True),
}  # fmt: skip


def faults_of(fields: dict[str, Any], *, is_new: bool = False) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        read_rule(fields, is_new=is_new)
    return {fault.field: fault.rule for fault in refused.value.faults}


def test_every_field_has_good_and_bad_examples_here() -> None:
    assert set(BAD) == set(FINE) == set(READERS)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in BAD for value in BAD[name]], ids=repr)
def test_bad_value_is_refused_and_its_field_named(name: str, value: Any) -> None:
    assert faults_of({name: value}) == {name: "value"}


@pytest.mark.parametrize("name", FINE)
def test_good_value_is_read(name: str) -> None:
    sent, meant = FINE[name]
    assert read_rule({name: sent}, is_new=False) == {name: meant}


@pytest.mark.parametrize("alias", ALIASES)
def test_alias_means_its_field_and_a_fault_names_what_was_sent(alias: str) -> None:
    name = ALIASES[alias]
    assert read_rule({alias: FINE[name][0]}, is_new=False) == {name: FINE[name][1]}
    assert faults_of({alias: BAD[name][0]}) == {alias: "value"}


@pytest.mark.parametrize("pattern", ["(a{0,30}){0,30}$b", "(?:(?:x{0,12}){0,12}y?){0,5}$z"])
def test_pattern_that_would_hold_up_the_events_of_others_is_refused(pattern: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_rule({"pattern": pattern}, is_new=False)
    assert refused.value.faults[0].message.startswith(("is too slow", "is too large"))


@pytest.mark.parametrize(
    "pattern",
    [r"(?i)\b(connection|socket) (refused|reset|timed out)\b", r"^.{0,80}error.*(code|status)=5\d\d$",
     r"\w+@\w+\.com", "(a|b)*a(a|b){12}c", r"(\d{1,3}\.){3}\d{1,3}", "(x+x+)+y"],
)  # fmt: skip
def test_patterns_people_write_are_taken(pattern: str) -> None:
    assert read_rule({"pattern": pattern}, is_new=False) == {"message_pattern": pattern}


def test_new_rule_must_have_what_cannot_be_guessed() -> None:
    assert faults_of({}, is_new=True) == dict.fromkeys(REQUIRED, "required")
    assert read_rule(GOOD, is_new=True) == GOOD


def test_alias_fills_a_required_field() -> None:
    fields = {k: v for k, v in GOOD.items() if k != "error_threshold"} | {"threshold": 9}
    assert read_rule(fields, is_new=True)["error_threshold"] == 9


def test_all_faults_are_reported_at_once() -> None:
    assert faults_of({"name": "", "threshold": 0, "colour": "red"}) == {
        "name": "value", "threshold": "value", "colour": "unknown"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["id_", "version", "is_builtin", "workspace_id", "last_swept_at", ""])
def test_unknown_field_of_a_rule_is_refused(name: str) -> None:
    assert faults_of({name: 1}) == {name: "unknown"}
