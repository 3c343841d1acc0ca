"""Describes a rule in plain words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from detection.levels import LEVEL_LABELS
from detection.models import DetectionRule, GroupBy, Level

_PER: Final = {
    GroupBy.SOURCE: "one source",
    GroupBy.WORKSPACE: "the whole workspace",
    GroupBy.CORRELATION_ID: "one correlation id",
}
SHOWN: Final = 3


def duration(seconds: int) -> str:
    """Format a duration: 90 -> `90 s`, 300 -> `5 min`, 7200 -> `2 h`."""
    if seconds >= 3600 and seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds >= 120 and seconds % 60 == 0 else f"{seconds} s"


def watches(rule: DetectionRule) -> str:
    """Describe matching events: `events of type slow_request from checkout, level error or worse`."""
    words = [f"events of type {_any_of(rule.event_types)}" if rule.event_types else "events"]
    if rule.sources:
        words.append(f"from {_any_of(rule.sources)}")
    if rule.minimum_level > Level.DEBUG:
        words.append(f"of level {LEVEL_LABELS[rule.minimum_level]} or worse")
    if rule.message_pattern:
        words.append(f"whose message matches {rule.message_pattern}")
    return " ".join(words)


def fires(rule: DetectionRule) -> str:
    """Describe the threshold: `10 in 5 min from one source`."""
    run = " in a row" if rule.require_consecutive else ""
    words = f"{rule.error_threshold}{run} in {duration(rule.time_window_seconds)} from {_per(rule)}"
    if rule.min_components_affected > 1:
        words += f", at least {rule.min_components_affected} sources among them"
    return words


def sentence(rule: DetectionRule) -> str:
    """Describe the whole rule."""
    does = "is only noted (dry run)" if rule.dry_run else f"opens a {str(rule.severity).upper()} incident"
    cooldown = (
        f" For {duration(rule.cooldown_seconds)} after it is resolved, such events are ignored."
        if rule.cooldown_seconds
        else ""
    )
    off = " The rule is disabled." if not rule.enabled else ""
    return f"A burst of {watches(rule)}, {fires(rule)}, {does}.{cooldown}{off}"


def _per(rule: DetectionRule) -> str:
    return _PER[GroupBy(rule.group_by)]


def _any_of(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} or {len(names) - SHOWN} more"
