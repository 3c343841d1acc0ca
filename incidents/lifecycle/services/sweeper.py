"""Periodic sweep of the unresolved incidents of every workspace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from incidents.lifecycle.services.escalating import raise_by_facts
from incidents.lifecycle.severity_matrix import DURATION, PROLONGED_MINUTES, TYPES_BY_METRIC, Fact, raises
from incidents.models import Incident
from incidents.vocabulary import UNRESOLVED, Basis, IncidentType, Severity

MAX_RAISED: Final = 200


def raise_prolonged(now: datetime, *, limit: int = MAX_RAISED) -> int:
    """Raise the incidents whose type escalates when it lasts too long; returns how many. Idempotent."""
    since = now - timedelta(minutes=PROLONGED_MINUTES)
    due = Incident.across_workspaces.filter(
        status__in=UNRESOLVED,
        started_at__lt=since,
        severity_basis__lt=Basis.PERSON,
        incident_type__in=TYPES_BY_METRIC[DURATION],
    )
    by_workspace: dict[int, dict[int, Mapping[str, Fact]]] = defaultdict(dict)
    found = 0
    columns = due.order_by("id").values_list("workspace_id", "id", "incident_type", "severity", "started_at")
    for workspace_id, incident_id, kind, severity, started_at in columns.iterator(chunk_size=500):
        facts = {DURATION: round((now - started_at).total_seconds() / 60, 2)}
        if found < limit and raises(IncidentType(kind), Severity(severity), facts):
            by_workspace[workspace_id][incident_id] = facts
            found += 1
    raised = 0
    for workspace_id, measured in sorted(by_workspace.items()):
        with transaction.atomic():
            raised += len(raise_by_facts(workspace_id, measured))
    return raised
