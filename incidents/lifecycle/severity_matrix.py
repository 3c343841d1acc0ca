"""Severity matrix: the default severity of each type, and its escalations. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from incidents.vocabulary import SEVERITY_RANK, IncidentType, Severity

Fact = float | int | bool

PROLONGED_MINUTES: Final = 30


@dataclass(frozen=True, slots=True)
class Escalation:
    """Escalate to `to` when the fact `metric` passes `threshold`; `condition` describes it."""

    to: Severity
    condition: str
    metric: str
    compare: Callable[[Fact, Fact], bool]
    threshold: Fact


@dataclass(frozen=True, slots=True)
class Assignment:
    """Default severity of a type and its escalation; None if the default is already the worst."""

    default: Severity
    escalation: Escalation | None = None


def _prolonged(to: Severity) -> Escalation:
    condition = f"it lasts longer than {PROLONGED_MINUTES} minutes"
    return Escalation(to, condition, "duration_minutes", operator.gt, PROLONGED_MINUTES)


def _if(to: Severity, condition: str, metric: str) -> Escalation:
    return Escalation(to, condition, metric, operator.eq, True)


_S1, _S2, _S3, _S4 = Severity.SEV1, Severity.SEV2, Severity.SEV3, Severity.SEV4

MATRIX: Final[Mapping[IncidentType, Assignment]] = {
    IncidentType.ERROR_BURST: Assignment(
        _S2, Escalation(_S1, "more than 50 % of events are errors", "error_percent", operator.gt, 50)
    ),
    IncidentType.SERVICE_DOWN: Assignment(_S1),
    IncidentType.QUALITY_DROP: Assignment(
        _S3, Escalation(_S2, "coverage is below 50 %", "coverage_percent", operator.lt, 50)
    ),
    IncidentType.WORKFLOW_FAILURE_SPIKE: Assignment(
        _S2, _if(_S1, "critical workflows are among those failing", "critical_workflows")
    ),
    IncidentType.MEMORY_EXHAUSTION: Assignment(_S1),
    IncidentType.PERFORMANCE_DEGRADATION: Assignment(
        _S3, Escalation(_S2, "it is more than 5 times slower", "slowdown_factor", operator.gt, 5)
    ),
    IncidentType.DISK_SPACE_LOW: Assignment(
        _S2, Escalation(_S1, "less than 5 % is free", "free_percent", operator.lt, 5)
    ),
    IncidentType.DATABASE_CONNECTION_FAILURE: Assignment(_S1),
    IncidentType.API_RATE_LIMIT: Assignment(_S3, _prolonged(_S2)),
    IncidentType.CACHE_FAILURE: Assignment(_S4, _prolonged(_S3)),
    IncidentType.NETWORK_PARTITION: Assignment(
        _S2, _if(_S1, "the partition is complete", "complete_partition")
    ),
    IncidentType.DEADLOCK: Assignment(_S2, _if(_S1, "critical resources are locked", "critical_resources")),
    IncidentType.RESOURCE_LEAK: Assignment(_S3, _prolonged(_S2)),
    IncidentType.SECURITY_BREACH: Assignment(_S1),
    IncidentType.DATA_CORRUPTION: Assignment(_S1),
    IncidentType.OTHER: Assignment(_S3),
}


def default_severity(incident_type: IncidentType) -> Severity:
    """Return the default severity of a type."""
    return MATRIX[incident_type].default


def escalation_met(incident_type: IncidentType, facts: Mapping[str, Fact]) -> Escalation | None:
    """Return the type's escalation if a measured fact meets its condition; missing facts never do."""
    rule = MATRIX[incident_type].escalation
    if rule is None or rule.metric not in facts:
        return None
    return rule if rule.compare(facts[rule.metric], rule.threshold) else None


def escalated(incident_type: IncidentType, facts: Mapping[str, Fact]) -> Severity:
    """Return the severity for these facts: the type's default, or its escalation."""
    met = escalation_met(incident_type, facts)
    return met.to if met else default_severity(incident_type)


def raises(incident_type: IncidentType, severity: Severity, facts: Mapping[str, Fact]) -> Escalation | None:
    """Return the escalation that would raise this severity, or None."""
    met = escalation_met(incident_type, facts)
    return met if met and SEVERITY_RANK[met.to] < SEVERITY_RANK[severity] else None


def escalation_words(escalation: Escalation, facts: Mapping[str, Fact]) -> str:
    """Describe an escalation: `less than 5 % is free (free_percent is 3)`."""
    value = facts[escalation.metric]
    shown = str(value).lower() if isinstance(value, bool) else f"{value:g}"
    return f"{escalation.condition} ({escalation.metric} is {shown})"


DURATION: Final = "duration_minutes"
# Keys in the metadata of events; a duration is measured by Tocsin itself.
EVENT_METRICS: Final[Mapping[str, Escalation]] = {
    rule.metric: rule
    for assignment in MATRIX.values()
    if (rule := assignment.escalation) is not None and rule.metric != DURATION
}
TYPES_BY_METRIC: Final[Mapping[str, tuple[IncidentType, ...]]] = {
    metric: tuple(
        kind for kind, known in MATRIX.items() if known.escalation and known.escalation.metric == metric
    )
    for metric in (*EVENT_METRICS, DURATION)
}
_YES: Final = frozenset({"true", "yes", "1"})


def worst_facts(measured: Iterable[Mapping[str, Fact]]) -> dict[str, Fact]:
    """Return for each metric the value that is nearest to, or farthest beyond, its threshold."""
    worst: dict[str, Fact] = {}
    for facts in measured:
        for metric, value in facts.items():
            pick = min if EVENT_METRICS[metric].compare is operator.lt else max
            worst[metric] = pick(worst.get(metric, value), value)
    return worst


def read_fact(metric: str, value: object) -> Fact | None:
    """Parse a metric's value as senders write it (`4`, `"4.2"`, `"4 %"`, `"true"`); None if it is none."""
    if isinstance(EVENT_METRICS[metric].threshold, bool):
        is_yes = value is True or (isinstance(value, str) and value.strip().casefold() in _YES)
        return True if is_yes else None
    return read_number(value)


def read_number(value: object) -> float | None:
    """Return a finite number, also from a text such as `"4.2 %"`; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.strip().removesuffix("%") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
