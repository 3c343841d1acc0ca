"""Suggests a severity, with the fact it is based on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from incidents.lifecycle.severity_matrix import Fact, default_severity, escalation_met, escalation_words
from incidents.vocabulary import SEVERITY_RANK, Category, IncidentType, Severity

MOST_IMPORTANT_TIER: Final = 1
LEAST_IMPORTANT_TIER: Final = 4
# For the type `other`, the usual severity of the category.
BY_CATEGORY: Final[Mapping[Category, Severity]] = {
    Category.SECURITY: Severity.SEV1,
    Category.DATA: Severity.SEV1,
    Category.DATABASE: Severity.SEV2,
    Category.NETWORK: Severity.SEV2,
    Category.MEMORY: Severity.SEV2,
    Category.STORAGE: Severity.SEV2,
    Category.AUTHENTICATION: Severity.SEV2,
}
_BY_RANK: Final = {rank: severity for severity, rank in SEVERITY_RANK.items()}


def suggest_severity(
    incident_type: IncidentType,
    category: Category,
    facts: Mapping[str, Fact],
    tiers: Sequence[int] = (),
) -> tuple[Severity, str]:
    """Return the severity by the matrix and the measured facts, one worse for a tier 1 component.

    One better if all affected components (`tiers`) are of the least important tier.
    """
    severity, reason = _by_type(incident_type, category, facts)
    if tiers and min(tiers) <= MOST_IMPORTANT_TIER and severity != Severity.SEV1:
        return _BY_RANK[SEVERITY_RANK[severity] - 1], f"{reason}; one worse, a tier 1 component is affected"
    if tiers and min(tiers) >= LEAST_IMPORTANT_TIER and severity != Severity.SEV4:
        return _BY_RANK[SEVERITY_RANK[severity] + 1], f"{reason}; one better, only tier 4 is affected"
    return severity, reason


def _by_type(
    incident_type: IncidentType, category: Category, facts: Mapping[str, Fact]
) -> tuple[Severity, str]:
    if incident_type == IncidentType.OTHER and category in BY_CATEGORY:
        return BY_CATEGORY[category], f"{category.label.lower()} trouble usually is"
    if (met := escalation_met(incident_type, facts)) is not None:
        return met.to, escalation_words(met, facts)
    return default_severity(incident_type), f"{incident_type.label.lower()} begins at this severity"
