"""The runs of an incident, for its archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString

from incidents.archive.parts import OBSTACLES, Part, add_parts
from remediation.models import RemediationRun
from remediation.vocabulary import FINAL

_OF_RUN: Final[LiteralString] = (
    "exists (select 1 from remediation_remediationrun r"
    " where r.id = t.run_id and r.incident_id = %(incident)s)"
)
add_parts(
    Part("run", "remediation_remediationrun"),
    Part("run_approval", "remediation_runapproval", _OF_RUN),
    Part("run_attempt", "remediation_runattempt", _OF_RUN),
)


@OBSTACLES.register("runs")
def unsettled_runs(workspace_id: int, ids: Sequence[int], now: datetime) -> Mapping[int, str]:
    """Incidents with an unfinished run."""
    rows = RemediationRun.objects.of(workspace_id).filter(incident_id__in=ids).exclude(state__in=FINAL)
    return dict.fromkeys(rows.values_list("incident_id", flat=True), "a run of it has not ended")
