"""Who may approve what, and which risk an action has where: the tables, one line a case."""

from __future__ import annotations

import pytest

from accounts.models import Role
from remediation.catalogue.definitions import scenario_for, scenarios, shipped_actions
from remediation.runs.policy import Approver, breaker_opens, missing_approval, refusal, run_risk
from remediation.vocabulary import Risk

RESPONDER = Approver(1, Role.RESPONDER, is_on_call=False)
ON_CALL = Approver(2, Role.RESPONDER, is_on_call=True)
MANAGER = Approver(3, Role.MANAGER, is_on_call=False)
ADMIN = Approver(4, Role.ADMIN, is_on_call=False)


def test_catalogue_holds_the_eight_actions_with_their_risks():
    assert {action.slug: action.risk.value for action in shipped_actions()} == {
        "restart_service": "low", "scale_up": "low", "clear_cache": "low", "rollback_deployment": "medium",
        "kill_zombie_processes": "low", "database_maintenance": "high", "configuration_change": "medium",
        "code_patch": "high",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["api_rate_limit", "network_partition", "security_breach", "disk_space_low"])
def test_scenarios_that_only_people_handle_start_nothing(kind):
    assert not scenario_for(kind).automatic
    assert scenario_for(kind).advice


def test_every_incident_type_of_detection_has_a_scenario():
    assert len(scenarios()) == 15


@pytest.mark.parametrize(
    ("action", "tier", "risk"),
    [
        ("low", 3, "low"),
        ("low", 2, "medium"),
        ("low", 1, "medium"),
        ("low", None, "low"),
        ("high", 3, "high"),
    ],
)
def test_run_risk_is_the_larger_of_action_and_target(action, tier, risk):
    assert run_risk(Risk(action), tier) == risk


@pytest.mark.parametrize(
    ("risk", "approvers", "requested_by", "anyone_on_call", "enough"),
    [
        ("low", [], 1, True, True),
        ("medium", [], 1, True, False),
        ("medium", [ON_CALL], 1, True, True),
        ("medium", [MANAGER], 1, True, False),
        ("medium", [MANAGER], 1, False, True),
        ("medium", [RESPONDER], 9, False, False),
        ("high", [MANAGER], 1, True, True),
        ("high", [MANAGER], 3, True, False),
        ("high", [ON_CALL], 1, True, False),
        ("high", [MANAGER], None, True, False),
        ("high", [MANAGER, RESPONDER], None, True, True),
        ("high", [ON_CALL, RESPONDER], None, True, False),
        ("high", [ADMIN], 1, False, True),
    ],
)
def test_missing_approval_follows_the_table(risk, approvers, requested_by, anyone_on_call, enough):
    missing = missing_approval(Risk(risk), approvers, requested_by, anyone_on_call=anyone_on_call)
    assert (missing == "") is enough


def test_requester_of_high_risk_is_refused_with_the_reason():
    assert "another person" in refusal(Risk.HIGH, MANAGER, 3, anyone_on_call=False)
    assert refusal(Risk.HIGH, MANAGER, 1, anyone_on_call=False) == ""


@pytest.mark.parametrize(
    ("recent", "opens"),
    [([], False), ([False, False], False), ([False, True, False, True, False], True), ([True] * 5, False)],
)
def test_breaker_opens_after_three_bad_runs_of_five(recent, opens):
    assert breaker_opens(recent) is opens
