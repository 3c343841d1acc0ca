"""Rules that cannot fire, or that match everything, are refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Invalid
from detection.rules import rule_form
from detection.rules.event_types import event_types_of
from detection.rules.services.rules import update_rule
from incidents.models import Incident
from incidents.vocabulary import IncidentType
from tests.api.client import ApiClient
from tests.detection.bursts import errors
from tests.detection.rules.test_rule_parsing import GOOD
from tests.detection.rules.test_rules_api import client_of

pytestmark = pytest.mark.django_db(transaction=True)
RULE = {
    "rule_id": "custom_api_latency", "name": "Custom API Latency", "description": "Detect high API latency",
    "incident_type": "performance_degradation", "severity": "high", "error_threshold": 15,
    "time_window_seconds": 180, "check_interval_seconds": 30, "require_consecutive": True,
    "min_components_affected": 2,
}  # fmt: skip


@pytest.fixture
def api(workspace) -> ApiClient:
    return client_of(workspace, "admin")


def test_rule_with_every_field_opens_an_incident(workspace, api, send) -> None:
    made = api.post("/rules", RULE)
    assert (made.status_code, made.json()["group_by"], made.json()["minimum_level"]) == (
        201,
        "workspace",
        "debug",
    )
    send(
        [
            errors(1, source=f"api-{n % 2}", ago=15 - n, event_type="slow_request", level="warning")[0]
            for n in range(15)
        ]
    )
    [incident] = Incident.objects.of(workspace.pk)
    assert (incident.incident_type, incident.severity, incident.event_count) == (
        "performance_degradation",
        "sev2",
        15,
    )


def test_rule_without_a_match_counts_the_events_of_its_incident_type(workspace, api, send) -> None:
    rule = RULE | {"require_consecutive": False, "min_components_affected": 1}
    made = api.post("/rules", rule).json()
    assert made["event_types"] == list(event_types_of(IncidentType.PERFORMANCE_DEGRADATION))
    send(errors(15))
    assert not Incident.objects.of(workspace.pk).exists()
    send(errors(15, event_type="slow_query", level="warning"))
    assert Incident.objects.of(workspace.pk).get().incident_type == "performance_degradation"
    tried = api.post("/rules/test", {"rule": rule, "events": errors(15)}).json()
    assert tried["matched"] == 0


@pytest.mark.parametrize(
    "more", [{"event_types": []}, {"level": "error"}, {"pattern": "boom"}, {"type": "error_burst"}], ids=str
)
def test_rule_with_a_match_of_its_own_keeps_every_event_type(api, more: dict[str, Any]) -> None:
    rule = {name: value for name, value in RULE.items() if name != "incident_type" or "type" not in more}
    made = api.post("/rules", rule | more).json()
    assert (made["event_types"], made["minimum_level"]) == ([], "debug" if "pattern" in more else "error")


@pytest.mark.parametrize(
    ("more", "level"),
    [({}, "error"), ({"sources": ["a"]}, "error"), ({"event_types": ["slow_request"]}, "debug"),
     ({"message_pattern": "boom"}, "debug"), ({"level": "warning"}, "warning")],
)  # fmt: skip
def test_level_defaults_to_error_where_no_type_or_pattern_is_named(
    api, more: dict[str, Any], level: str
) -> None:
    assert api.post("/rules", GOOD | more).json()["minimum_level"] == level


@pytest.mark.parametrize(
    ("more", "field", "rule"),
    [({"min_components": 2, "group_by": "source"}, "min_components_affected", "unreachable"),
     ({"min_components": 3, "sources": ["a", "b"]}, "min_components_affected", "unreachable"),
     ({"level": "debug"}, "minimum_level", "matches_everything"),
     ({"level": "info", "event_types": []}, "minimum_level", "matches_everything")],
)  # fmt: skip
def test_rule_that_cannot_work_is_refused_with_the_reason(
    api, more: dict[str, Any], field: str, rule: str
) -> None:
    refused = api.post("/rules", GOOD | more)
    assert (
        refused.status_code,
        refused.json()["errors"][0]["field"],
        refused.json()["errors"][0]["rule"],
    ) == (422, field, rule)
    tried = api.post("/rules/test", {"rule": GOOD | more, "events": errors(1)})
    assert tried.status_code == 422


def test_change_that_would_silence_a_rule_is_refused_and_others_are_not(make_rule, admin) -> None:
    make_rule(minimum_level=0)
    assert update_rule(admin, rule_id="errors", fields={"name": "Noise", "enabled": False}).name == "Noise"
    with pytest.raises(Invalid):
        update_rule(admin, rule_id="errors", fields={"min_components": 2})
    assert update_rule(
        admin, rule_id="errors", fields={"min_components": 2, "group_by": "workspace", "level": "error"}
    )


def test_form_shows_the_reason(client, admin) -> None:
    from accounts.models import User

    client.force_login(User.objects.get(pk=admin.user_id))
    typed = rule_form.empty() | {"name": "Mine", "rule_id": "mine", "min_components_affected": "2"}
    for path in ("/rules/check", "/rules/new"):
        assert b"grouped by source, every group has one" in client.post(path, typed).content
