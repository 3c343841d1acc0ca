"""Keys of own sources are masked in quarantine and events, under any name."""

from __future__ import annotations

import json

import pytest

from core.redaction import MASK, is_secret, redact_value
from detection.quarantine.views import readable
from detection.sources.own_keys import masked
from detection.sources.services.sources import create_source

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name",
    [
        "routing_key", "routingKey", "hmac_key", "integration_key", "service_key", "GenieKey", "appKey",
        "webhook_key", "storage-key", "X-Source-Key", "shared_key", "api_keys",
    ],
)  # fmt: skip
def test_names_of_keys_are_known_as_secret(name):
    assert is_secret(name)
    assert redact_value({name: "abc"}) == {name: MASK}


@pytest.mark.parametrize(
    "name", ["key", "dedup_key", "dedupKey", "groupKey", "group_key", "primary_key", "keyboard", "monkey"]
)
def test_names_of_harmless_keys_stay(name):
    assert not is_secret(name)


def test_own_key_is_masked_by_value_under_any_name(admin, workspace):
    _, key = create_source(admin, kind="pagerduty", name="Pager")
    given = {"thing": key, "list": [f"see {key}."], key: 1, "other": "A1" * 16}
    shown = masked(workspace.pk, given)
    assert key not in json.dumps(shown)
    assert shown["thing"] == MASK
    assert shown["list"] == [f"see {MASK}."]
    assert shown["other"] == "A1" * 16


def test_text_of_quarantine_shows_no_own_key(admin, workspace):
    _, key = create_source(admin, kind="pagerduty", name="Pager")
    for raw in (f'{{"x": "{key}"}}', f"not JSON, {key}"):
        assert key not in readable(raw.encode(), workspace.pk)


def test_text_without_anything_like_a_key_costs_no_query(workspace, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert masked(workspace.pk, {"a": ["b", "c" * 32]}) == {"a": ["b", "c" * 32]}
