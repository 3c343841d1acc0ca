"""Runs rule tests with a permission check. Stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, require
from detection.models import DetectionRule
from detection.rules.parsing import read_rule
from detection.rules.rule_checks import check_can_fire
from detection.rules.rule_checks import with_defaults as completed
from detection.rules.rule_form import with_defaults
from detection.rules.rule_test import RuleTestResult, SampleEvent, run_rule_test
from detection.selectors import rule_for


def run_draft_test(
    actor: Actor, *, fields: Mapping[str, Any], events: Sequence[SampleEvent]
) -> RuleTestResult:
    """Return what a rule with these fields would have opened. Name, id, type and severity are optional.

    Raises Forbidden, Invalid naming the fields, DatabaseError when it takes longer than five seconds.
    """
    require(actor, Capability.RULES_WRITE)
    values = completed(read_rule(with_defaults(fields), is_new=True))
    check_can_fire(values)
    return run_rule_test(DetectionRule(workspace_id=actor.workspace_id, **values), events)


def run_stored_test(actor: Actor, *, rule_id: str, events: Sequence[SampleEvent]) -> RuleTestResult:
    """Return what a stored rule, enabled or not, would have opened.

    Raises as `run_draft_test`, and NotFound.
    """
    require(actor, Capability.RULES_WRITE)
    return run_rule_test(rule_for(actor, rule_id), events)
