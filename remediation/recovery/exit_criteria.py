"""Exit criterion "health checks": three successes in a row for every component with a health check."""

from __future__ import annotations

from typing import Final

from incidents.models import Component
from incidents.recovery.criteria import Outcome, Question, Verdict, criterion, not_measured
from remediation.recovery.models import HealthProbe

PASSES_IN_A_ROW: Final = 3


@criterion("health_checks", "Health checks pass")
def health_checks(question: Question) -> Outcome:
    """Positive if all pass; unknown until each ran three times."""
    workspace_id = question.incident.workspace_id
    named = Component.objects.of(workspace_id).filter(name__in=question.components).exclude(health_url="")
    wanted = dict(named.values_list("id", "name"))
    if not wanted:
        return not_measured("No affected component has a health check address.")
    probes = HealthProbe.objects.of(workspace_id).filter(
        incident=question.incident,
        component_id__in=wanted,
        since__gte=question.since,
        checked_at__isnull=False,
    )
    known = {probe.component_id: probe for probe in probes}
    for component_id, name in sorted(wanted.items()):
        probe = known.get(component_id)
        if probe is not None and probe.failure:
            return Outcome(Verdict.FAILED, f"{name}: {probe.failure}")
    waiting = [name for pk, name in wanted.items() if pk not in known or known[pk].passes < PASSES_IN_A_ROW]
    if waiting:
        return Outcome(Verdict.UNKNOWN, f"Not yet {PASSES_IN_A_ROW} in a row: {', '.join(sorted(waiting))}.")
    healthy = ", ".join(sorted(wanted.values()))
    return Outcome(Verdict.PASSED, f"Health checks of {healthy} pass", is_positive=True)
