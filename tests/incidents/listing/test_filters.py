"""Filters of lists, with the values that every interface accepts."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from incidents.listing.filters import IncidentFilter, parse_filter
from incidents.vocabulary import UNRESOLVED, IncidentType, Severity, Stage, Status
from tests.incidents.make import NOW


def parse(**given):
    return parse_filter(given, now=NOW)


def test_nothing_given_means_no_condition():
    assert parse_filter({}, now=NOW) == IncidentFilter()


def test_empty_values_mean_no_condition():
    assert parse(severity="", status=" , ", component=None, since="", q="  ") == IncidentFilter()


def test_other_parameters_are_left_alone():
    assert parse(limit="10", cursor="x", format="json") == IncidentFilter()


@pytest.mark.parametrize("word", ["critical", "SEV1", "p1", "fatal", "sev1", "Critical"])
def test_every_alias_of_a_severity_is_taken(word):
    assert parse(severity=word).severities == {Severity.SEV1}


def test_several_values_come_by_commas_lists_or_repetition():
    both = {Severity.SEV1, Severity.SEV2}
    assert parse(severity="critical, high").severities == both
    assert parse(severity=["critical", "high"]).severities == both
    assert parse_filter(QueryDict("severity=critical&severity=high"), now=NOW).severities == both


def test_active_means_neither_resolved_nor_closed():
    assert parse(status="active").statuses == set(UNRESOLVED)


@pytest.mark.parametrize(
    ("word", "status"),
    [("detected", "open"), ("triggered", "open"), ("mitigated", "monitoring"), ("Closed", "closed")],
)
def test_every_alias_of_a_status_is_taken(word, status):
    assert parse(status=word).statuses == {Status(status)}


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("assessing", "assessment"),
        ("containing", "containment"),
        ("investigation", "investigation"),
        ("remediating", "remediation"),
        ("recovering", "recovery"),
        ("done", "done"),
    ],
)
def test_stage_word_given_as_status_filters_the_stage(word, stage):
    found = parse(status=word)
    assert found.stages_as_status == {Stage(stage)}
    assert found.statuses == frozenset()


def test_stage_word_with_a_status_widens_it():
    found = parse(status="resolved,containing")
    assert (found.statuses, found.stages_as_status) == ({Status.RESOLVED}, {Stage.CONTAINMENT})


def test_stage_given_as_stage_narrows():
    assert parse(stage="containing").stages == {Stage.CONTAINMENT}


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("1h", timedelta(hours=1)),
        ("24H", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
    ],
)
def test_since_takes_spans(text, ago):
    assert parse(since=text).since == NOW - ago


@pytest.mark.parametrize(
    "text",
    ["2026-02-28T10:00:00Z", "2026-02-28T10:00:00", "2026-02-28T12:00:00+02:00", "2026-02-28T12:00:00 02:00"],
)
def test_since_takes_iso_times_in_utc_where_no_zone_is_named(text):
    assert parse(since=text).since == datetime(2026, 2, 28, 10, tzinfo=UTC)


def test_until_takes_a_date():
    assert parse(until="2026-02-28").until == datetime(2026, 2, 28, tzinfo=UTC)


def test_labels_come_as_pairs_and_the_project_is_one():
    assert parse(label="team=payments,tier:1").labels == {"team": "payments", "tier": "1"}
    assert parse(projectId="web").project == "web"


def test_other_names_of_parameters_are_taken():
    found = parse(incident_type="memory_exhaust", service="api", commander="jane", q="checkout, again")
    assert found.types == {IncidentType.MEMORY_EXHAUSTION}
    assert (found.components, found.assigned_to, found.search) == ({"api"}, "jane", "checkout, again")


def test_fifty_values_of_one_parameter_are_taken():
    assert len(parse(component=",".join(f"c{n}" for n in range(50))).components) == 50


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("severity", "purple"),
        ("status", "broken"),
        ("stage", "open"),
        ("type", "flood"),
        ("since", "yesterday"),
        ("until", "99999999999999"),
        ("since", "999999w"),
        ("since", "3000w"),
        ("since", "0001-01-01"),
        ("until", "9999-12-31"),
        ("label", "team"),
        ("label", "=x"),
        ("label", "team=a\x00b"),
        ("component", ",".join(["x"] * 51)),
        ("label", [f"a={n}" for n in range(51)]),
        ("component", "a\x00b"),
        ("search", "x" * 201),
        ("assigned_to", ["jane", "john"]),
        ("severity", 5),
    ],
)
def test_wrong_value_names_its_parameter(parameter, value):
    with pytest.raises(Invalid) as refused:
        parse_filter({parameter: value}, now=NOW)
    assert refused.value.faults[0].field.split(".")[0] == parameter


NAMES = [
    "severity",
    "status",
    "stage",
    "component",
    "type",
    "label",
    "assigned_to",
    "q",
    "project",
    "since",
    "until",
]


@given(
    st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40) | st.lists(st.text(max_size=20), max_size=3))
)
def test_invalid_input_is_always_refused(given_values):
    with contextlib.suppress(Invalid):
        assert isinstance(parse_filter(given_values, now=NOW), IncidentFilter)
