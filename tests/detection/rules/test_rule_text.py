"""A rule as a sentence."""

from __future__ import annotations

import pytest

from detection.models import DetectionRule
from detection.rules.rule_text import duration, fires, sentence, watches

RULE = {"severity": "sev2", "error_threshold": 10, "time_window_seconds": 300, "minimum_level": 0}


def rule(**fields):
    return DetectionRule(**RULE | fields)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 s"), (60, "60 s"), (90, "90 s"), (120, "2 min"), (300, "5 min"), (3600, "1 h"), (5400, "90 min")],
)
def test_duration_has_its_largest_whole_unit(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "events"),
        ({"minimum_level": 3}, "events of level error or worse"),
        ({"event_types": ["a"], "sources": ["api"]}, "events of type a from api"),
        ({"event_types": list("abcde")}, "events of type a, b, c or 2 more"),
        ({"message_pattern": "time.*out"}, "events whose message matches time.*out"),
    ],
)
def test_sentence_describes_what_a_rule_watches(fields, words):
    assert watches(rule(**fields)) == words


def test_sentence_describes_when_a_rule_fires():
    assert fires(rule()) == "10 in 5 min from one source"
    odd = rule(group_by="workspace", require_consecutive=True, min_components_affected=3)
    assert fires(odd) == "10 in a row in 5 min from the whole workspace, at least 3 sources among them"


def test_sentence_mentions_dry_run_cooldown_and_disabled():
    assert sentence(rule()).endswith("opens a SEV2 incident.")
    text = sentence(rule(dry_run=True, cooldown_seconds=600, enabled=False))
    assert "only noted" in text
    assert "For 10 min after" in text
    assert text.endswith("disabled.")
