"""What is known of a source's alerts: read, and written, in one statement each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Count, Q

from detection.models import Source, SourceAlert
from detection.webhooks.alerts.alert_records import current_incident
from incidents.models import Incident, IncidentSignal

BURNING = (SourceAlert.State.FIRING, SourceAlert.State.ACKNOWLEDGED)
_WRITTEN = (
    "group", "incident", "state", "severity", "title", "component", "starts_at", "ends_at", "episodes",
    "told_at",
)  # fmt: skip


def rows_of(
    workspace_id: int, source: Source, keys: Iterable[str], groups: Iterable[str]
) -> dict[str, SourceAlert]:
    """The rows of these keys, and whatever burns in these groups, with their incidents: key -> row."""
    rows = SourceAlert.objects.of(workspace_id).filter(source=source).select_related("incident__merged_into")
    wanted = Q(key__in=sorted(set(keys))) | Q(group__in=sorted(set(groups)), state__in=BURNING)
    return {row.key: row for row in rows.filter(wanted)}


def keep(workspace_id: int, rows: Sequence[SourceAlert]) -> None:
    """Write rows of a workspace, new and old, in one statement."""
    if not rows:
        return
    SourceAlert.objects.bulk_create(
        sorted(rows, key=lambda row: row.key),
        update_conflicts=True,
        unique_fields=["source", "key"],
        update_fields=_WRITTEN,
    )


def latest_incidents(workspace_id: int, fingerprints: Iterable[str]) -> dict[str, Incident]:
    """The newest incident of each fingerprint that ever had one, merged ones followed."""
    rows = IncidentSignal.objects.of(workspace_id).filter(fingerprint__in=sorted(set(fingerprints)))
    newest = rows.order_by("fingerprint", "-incident_id").distinct("fingerprint")
    found = {
        row.fingerprint: current_incident(row.incident)
        for row in newest.select_related("incident__merged_into")
    }
    return {fingerprint: incident for fingerprint, incident in found.items() if incident is not None}


def burning_counts(workspace_id: int, incident_ids: Iterable[int]) -> Mapping[int, int]:
    """How many alerts still burn for each incident, those of incidents merged into it too."""
    ids = set(incident_ids)
    rows = SourceAlert.objects.of(workspace_id).filter(state__in=BURNING)
    counts = dict.fromkeys(ids, 0)
    for column in ("incident_id", "incident__merged_into_id"):
        found = rows.filter(**{f"{column}__in": ids}).values_list(column).annotate(Count("pk")).order_by()
        for incident_id, count in found:
            counts[incident_id] += count
    return counts
