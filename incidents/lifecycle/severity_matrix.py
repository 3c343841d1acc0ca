"""The severity matrix: what each type starts as and what makes it worse. Data, and one question."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from incidents.vocabulary import IncidentType, Severity

Fact = float | int | bool

PROLONGED_MINUTES: Final = 30


@dataclass(frozen=True, slots=True)
class Escalation:
    """Up to `to` when the fact `metric` compares as told with `threshold`; `condition` says it in words."""

    to: Severity
    condition: str
    metric: str
    compare: Callable[[Fact, Fact], bool]
    threshold: Fact


@dataclass(frozen=True, slots=True)
class Assignment:
    """A type's severity to begin with, and what raises it; None where it begins at the worst."""

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
    """What a type starts as."""
    return MATRIX[incident_type].default


def escalated(incident_type: IncidentType, facts: Mapping[str, Fact]) -> Severity:
    """The severity the facts call for: the type's default, or what it escalates to when its condition holds.

    A fact nobody measured escalates nothing.
    """
    assignment = MATRIX[incident_type]
    rule = assignment.escalation
    if rule is None or rule.metric not in facts:
        return assignment.default
    return rule.to if rule.compare(facts[rule.metric], rule.threshold) else assignment.default
