"""Determines which conditions of a rule an event misses. Pure; consistent with `Ruleset.hits`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from core.reasons import Reason
from detection.evaluation.matching import CORRELATION_ID, SOURCE, compile_pattern


def misses(rule: Any, event: Any) -> list[Reason]:
    """Return why an event does not count for a rule; empty: it counts, in the group of `group_of`."""
    pattern = rule.message_pattern
    conditions = (
        (not rule.event_types or event.event_type in rule.event_types, Reason.RULE_TYPE),
        (not rule.sources or event.source in rule.sources, Reason.RULE_SOURCE),
        (event.level >= rule.minimum_level, Reason.RULE_LEVEL),
        (
            not pattern or compile_pattern(pattern).search(event.message) is not None,
            Reason.RULE_PATTERN,
        ),
        (bool(group_of(rule, event)), Reason.RULE_GROUP),
    )
    return [reason for holds, reason in conditions if not holds]


def group_of(rule: Any, event: Any) -> str:
    """Return the group an event counts in; empty without the correlation id to group by."""
    if rule.group_by == SOURCE:
        return str(event.source)
    return str(event.correlation_id) if rule.group_by == CORRELATION_ID else "*"


def most_in_window(times: Sequence[datetime], at: datetime, width: timedelta) -> int:
    """Return the most hits in any window of this width with the one at `at`; `times` in order."""
    most = start = 0
    for end, moment in enumerate(times):
        while times[start] <= moment - width:
            start += 1
        if moment >= at and times[start] <= at:
            most = max(most, end - start + 1)
    return most
