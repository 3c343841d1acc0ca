"""Queries of recovery results, reviews, and rates over many incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Q, QuerySet

from core.sql.compiled_queries import compiled
from incidents.models import AutoResolution, CriterionResult, Incident, IncidentVerdict
from incidents.recovery.criteria import CRITERIA
from incidents.vocabulary import OVER, Severity

# Its last resolution was made by Tocsin after its own action.
BY_ACTION: Final = Q(auto_resolution__by_action=True, auto_resolution__resolved_at=F("resolved_at"))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its count; `percent` is None without data, never 0 for "no data"."""

    count: int
    of: int

    @property
    def percent(self) -> float | None:
        """Return the share, to one decimal."""
        return round(100 * self.count / self.of, 1) if self.of else None


@dataclass(frozen=True, slots=True)
class RecoveryRates:
    """Rates of automatic resolution, in total and for sev3 and sev4, and of false positives."""

    auto_resolved: Rate
    auto_resolved_minor: Rate
    false_positives: Rate


def results_of(incident: Incident) -> Sequence[CriterionResult]:
    """Return the latest result of every criterion of a visible incident, in order."""
    rows = {row.criterion: row for row in _results(incident)}
    return [rows[one.name] for one in CRITERIA if one.name in rows]


def _results(incident: Incident) -> QuerySet[CriterionResult]:
    return CriterionResult.objects.of(incident.workspace_id).filter(incident=incident)


def title_of(result: CriterionResult) -> str:
    """Return the title of a criterion."""
    return CRITERIA.get(result.criterion).title if result.criterion in CRITERIA else result.criterion


def verdict_of(incident: Incident) -> IncidentVerdict | None:
    """Return the review of a visible incident, if there is one."""
    return next(iter(_verdicts(incident.workspace_id, incident.pk)), None)


@compiled(int, int)
def _verdicts(workspace_id: int, incident_id: int) -> QuerySet[IncidentVerdict]:
    return IncidentVerdict.objects.of(workspace_id).filter(incident_id=incident_id)


def auto_resolution_of(incident: Incident) -> AutoResolution | None:
    """Return the automatic resolution of the incident, if still in effect."""
    rows = AutoResolution.objects.of(incident.workspace_id).filter(incident=incident)
    found: AutoResolution | None = rows.filter(resolved_at=incident.resolved_at).first()
    return found


def rates_of(incidents: QuerySet[Incident]) -> RecoveryRates:
    """Return the rates of these incidents, which include no drills and no merged ones."""
    minor = Q(severity__in=(Severity.SEV3, Severity.SEV4))
    over, reviewed = Q(status__in=OVER), Q(verdict__isnull=False)
    wanted: dict[str, Any] = {
        "auto": Count("id", filter=over & BY_ACTION),
        "over": Count("id", filter=over),
        "minor_auto": Count("id", filter=over & minor & BY_ACTION),
        "minor": Count("id", filter=over & minor),
        "false": Count("id", filter=Q(verdict__verdict=IncidentVerdict.Verdict.FALSE_POSITIVE)),
        "reviewed": Count("id", filter=reviewed),
    }
    found = incidents.aggregate(**wanted)
    return RecoveryRates(
        Rate(found["auto"], found["over"]),
        Rate(found["minor_auto"], found["minor"]),
        Rate(found["false"], found["reviewed"]),
    )
