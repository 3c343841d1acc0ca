"""The query of a list's address: what is understood applies, what is not is named."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from incidents.listing.active_filters import active_filters, selects, unboxed
from incidents.listing.filters import IncidentFilter
from incidents.listing.list_query import ListQuery, read_list
from incidents.vocabulary import Severity, Status
from tests.incidents.make import NOW


def read(query="", **options):
    return read_list(QueryDict(query), now=NOW, **options)


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("severity=critical", "severity=sev1"),
        ("severity=critical,P2,sev1", "severity=sev1%2Csev2"),
        ("status=unresolved", "status=active"),
        ("status=containing,triggered", "status=containment%2Copen"),
        ("incident_type=memory_exhaust", "type=memory_exhaustion"),
        ("service=api&q=INC-4", "component=api&search=INC-4"),
        ("label=team:a", "label=team%3Da"),
        ("since=24H&projectId=web", "project=web&since=24H"),
        ("commander=none&sort=longest", "assigned_to=none&sort=duration"),
        ("sort=newest&cursor=", ""),
        ("severity=&status= , ", ""),
    ],
)
def test_aliases_become_canonical_in_every_link(given, address):
    query = read(given)
    assert query.ignored == ()
    assert query.address() == address
    assert read(address) == query


@pytest.mark.parametrize(
    ("given", "address", "message"),
    [
        ("severity=purple,critical", "severity=sev1", "“purple”"),
        ("severity=purple", "", "sev1, sev2"),
        ("status=broken&type=flood", "", "“flood”"),
        ("sevrity=sev1", "", "Did you mean severity?"),
        ("since=yesterday&severity=sev2", "severity=sev2", "1h or 7d"),
        ("search=a&search=b", "search=b", "more than once"),
        ("search=a%00b", "", "control characters"),
        ("sort=shoe&status=open", "status=open", "last_event"),
        ("cursor=nonsense&type=deadlock", "type=deadlock", "cannot be read"),
        ("component=" + ",".join("abc" * 20), "", "at most 50"),
        ("label=team", "", "name=value"),
        ("utm_source=mail&severity=sev1", "severity=sev1", "utm_source"),
    ],
)
def test_unknown_parameters_are_named_and_the_rest_applied(given, address, message):
    query = read(given)
    assert message in " ".join(query.ignored)
    assert query.address() == address


def test_long_unknown_value_is_cut_in_its_message():
    [sentence] = read("severity=" + "x" * 500).ignored
    assert len(sentence) < 250


@given(st.text(max_size=200))
def test_invalid_address_always_gets_a_message(text):
    assert isinstance(read(text[:190].replace("&&", "&")), ListQuery)


def test_parameters_of_other_parts_are_preserved_unparsed():
    assert read("view=mine&severity=p1", also=("view",)).address() == "severity=sev1&view=mine"
    assert "view" in read("view=mine").ignored[0]


def test_each_chip_takes_away_its_own_value_and_nothing_else():
    query = read("severity=sev1,sev2&status=active&sort=oldest")
    assert [(c.title, c.label, c.address) for c in active_filters(query)] == [
        ("Severity", "SEV1", "severity=sev2&status=active&sort=oldest"),
        ("Severity", "SEV2", "severity=sev1&status=active&sort=oldest"),
        ("Status", "Active", "severity=sev1%2Csev2&sort=oldest"),
    ]


@pytest.mark.parametrize(
    ("query", "box", "label"),
    [
        ("severity=p1", "severity", "SEV1"),
        ("severity=sev2,sev1", "severity", "SEV1 and SEV2"),
        ("severity=sev4,sev1", "severity", "SEV4, SEV1"),
        ("status=active", "status", "Active"),
        ("status=containing", "status", "Containment"),
        ("since=7d", "since", "Last 7 days"),
        ("since=2h", "since", "since 2h"),
        ("", "type", "Any type"),
    ],
)
def test_select_shows_the_choice_for_every_alias(query, box, label):
    boxes = {one.name: one for one in selects(read(query), ["api"], with_status=True)}
    assert [words for value, words in boxes[box].choices if value == boxes[box].chosen] == [label]


def test_form_keeps_fields_it_does_not_show():
    query = read("label=a=b&project=web&severity=sev1&search=x&stage=done")
    assert unboxed(query, selects(query, [], with_status=True)) == [
        ("stage", "done"), ("label", "a=b"), ("project", "web"),
    ]  # fmt: skip


def test_lenient_parsing_equals_strict_parsing():
    query = read("severity=critical,nonsense&status=active")
    assert query.wanted.severities == {Severity.SEV1}
    assert Status.OPEN in query.wanted.statuses
    assert read("").wanted == IncidentFilter()


def test_component_field_shows_what_is_chosen_and_suggests_the_others():
    boxes = {one.name: one for one in selects(read("component=billing"), ["api"], with_status=True)}
    field = boxes["component"]
    assert (field.is_searchable, field.chosen, list(field.choices)) == (True, "billing", [("api", "api")])
    assert not boxes["severity"].is_searchable
