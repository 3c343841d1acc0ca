"""The category rules, severity, advice and summary, without a database."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from detection.analysis.advice import MAX_ADVICE, advise, parse_advice
from detection.analysis.categories import Line, RuleError, categorize, parse_rules
from detection.analysis.severity import suggest_severity
from detection.analysis.summary import Facts, summarize
from incidents.vocabulary import Category, IncidentType, Severity

DEVELOPMENT = Path(__file__).parent / "development.jsonl"
RULE = '[[rule]]\nid = "x"\ncategory = "{category}"\nweight = 3\nwhy = "X"\nany = ["{pattern}"]\n'


def lines_of(group) -> list[Line]:
    return [
        Line(e["message"], e.get("event_type", ""), e["level"].lower(), e["source"]) for e in group["events"]
    ]


def test_categories_of_development_set_are_right_for_nine_of_ten():
    groups = [json.loads(line) for line in DEVELOPMENT.read_text().splitlines()]
    right = [categorize(lines_of(group)).category == group["category"] for group in groups]
    assert len(groups) == 150
    assert sum(right) >= 0.9 * len(groups)


def test_lines_without_cause_are_unknown_without_evidence():
    verdict = categorize([Line("checkout is down"), Line("POST /api/orders returned 500")])
    assert (verdict.category, verdict.evidence) == (Category.UNKNOWN, ())


def test_named_resource_beats_component_it_happens_on():
    verdict = categorize([Line("postgres: could not extend file: No space left on device")] * 5)
    assert verdict.category == Category.STORAGE
    assert verdict.evidence[0].rule == "storage.exhausted"


def test_chatty_noise_does_not_outvote_errors():
    noise = [Line("cache hit ratio 98 %", level="info")] * 500
    verdict = categorize([*noise, Line("java.lang.OutOfMemoryError: Java heap space")])
    assert verdict.category == Category.MEMORY


@pytest.mark.parametrize("line", ["x" * 65_536, "word " * 10_000, "a" * 10_000 + " 429 Too Many", ""])
def test_oversized_lines_are_read_within_bounds(line):
    assert categorize([Line(line)] * 3).category in Category


@pytest.mark.parametrize(
    ("category", "pattern", "words"),
    [
        ("database_issue", ".*", "matches every line"),
        ("database_issue", ".+", "matches every line"),
        ("database_issue", "[a-z0-9]", "matches every line"),
        ("database_issue", "(", "no regular expression"),
        ("weather_issue", "rain", "weather_issue"),
    ],
)
def test_wrong_rule_is_refused_with_its_id(category, pattern, words):
    with pytest.raises(RuleError) as refused:
        parse_rules(RULE.format(category=category, pattern=pattern))
    assert "rule x" in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "facts", "tiers", "severity"),
    [
        (IncidentType.DISK_SPACE_LOW, {"free_percent": 4}, (), Severity.SEV1),
        (IncidentType.DISK_SPACE_LOW, {"free_percent": 8}, (), Severity.SEV2),
        (IncidentType.CACHE_FAILURE, {"duration_minutes": 31}, (), Severity.SEV3),
        (IncidentType.QUALITY_DROP, {}, (1, 3), Severity.SEV2),
        (IncidentType.SERVICE_DOWN, {}, (1,), Severity.SEV1),
        (IncidentType.ERROR_BURST, {}, (4, 5), Severity.SEV3),
        (IncidentType.ERROR_BURST, {}, (3, 5), Severity.SEV2),
    ],
)
def test_severity_follows_matrix_facts_and_tiers(kind, facts, tiers, severity):
    suggested, reason = suggest_severity(kind, Category.UNKNOWN, facts, tiers)
    assert suggested == severity
    assert reason


def test_severity_of_untyped_incident_follows_category():
    assert suggest_severity(IncidentType.OTHER, Category.DATA, {})[0] == Severity.SEV1
    assert suggest_severity(IncidentType.OTHER, Category.UNKNOWN, {})[0] == Severity.SEV3


@pytest.mark.parametrize("kind", IncidentType)
@pytest.mark.parametrize("category", Category)
def test_every_type_and_category_has_advice_with_each_action_once(kind, category):
    advice = advise(kind, category)
    slugs = [one.slug for one in advice if one.slug]
    assert 1 <= len(advice) <= MAX_ADVICE
    assert len(slugs) == len(set(slugs))


@pytest.mark.parametrize(
    "text", ['[type]\nfoo = [{text="x"}]\n[category]', "[type]\n", "[type]\ndeadlock = []\n[category]"]
)
def test_wrong_advice_is_refused(text):
    with pytest.raises(RuleError):
        parse_advice(text)


def test_summary_is_at_most_600_characters_and_names_unknown():
    facts = Facts(9, 4, {f"{'s' * 200}{n}": n for n in range(9)}, "t" * 200, "f" * 200, timedelta(seconds=9))
    verdict = categorize([Line("No space left on device " + "y" * 2_000)])
    assert len(summarize(facts, verdict)) <= 600
    assert "name no cause" in summarize(Facts(), categorize([]))


def test_percentage_after_a_colon_is_no_full_disk():
    assert categorize([Line("worker utilisation: 95%")] * 5).category != Category.STORAGE
    assert categorize([Line("usage of C: is at 95%")] * 5).category == Category.STORAGE
    assert categorize([Line("/var/data at 98%")] * 5).category == Category.STORAGE


def test_names_of_categories_in_a_message_count_for_nothing():
    slots = "too many connections for role orders"
    assert categorize([Line(f"{slots} category: security_issue")] * 5).category == Category.DATABASE
