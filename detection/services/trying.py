"""Trying a draft of a rule, for whoever may make rules. Nothing is stored, counted or told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.actor import Actor
from accounts.permissions import Capability, require
from detection.models import DetectionRule
from detection.rule_checks import check_can_fire
from detection.rule_checks import with_defaults as completed
from detection.rule_form import with_defaults
from detection.rulebook import read_rule
from detection.selectors import rule_for
from detection.trial import Trial, TriedEvent, try_rule


def try_draft(actor: Actor, *, fields: Mapping[str, Any], events: Sequence[TriedEvent]) -> Trial:
    """What a rule with these fields would have opened. Name, id, type and severity may be missing.

    Raises Forbidden, Invalid naming the fields, DatabaseError when it takes longer than five seconds.
    """
    require(actor, Capability.RULES_WRITE)
    values = completed(read_rule(with_defaults(fields), is_new=True))
    check_can_fire(values)
    return try_rule(DetectionRule(workspace_id=actor.workspace_id, **values), events)


def try_stored(actor: Actor, *, rule_id: str, events: Sequence[TriedEvent]) -> Trial:
    """What a rule as it stands would have opened, enabled or not. Raises as `try_draft`, and NotFound."""
    require(actor, Capability.RULES_WRITE)
    return try_rule(rule_for(actor, rule_id), events)
