"""The exit criterion of health checks: three successes in a row of every component that has an address."""

from __future__ import annotations

from typing import Final

from incidents.models import Component
from incidents.recovery.criteria import Outcome, Question, Verdict, criterion, not_measured
from remediation.recovery.models import HealthProbe

PASSES_IN_A_ROW: Final = 3


@criterion("health_checks", "Health checks pass")
def health_checks(asked: Question) -> Outcome:
    """A positive sign when all pass; unknown until each was asked three times."""
    workspace_id = asked.incident.workspace_id
    named = Component.objects.of(workspace_id).filter(name__in=asked.components).exclude(health_url="")
    wanted = dict(named.values_list("id", "name"))
    if not wanted:
        return not_measured("No affected component has a health check address.")
    probes = HealthProbe.objects.of(workspace_id).filter(
        incident=asked.incident, component_id__in=wanted, since__gte=asked.since, checked_at__isnull=False
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
