"""Reads and writes the alerts of a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, LiteralString

from django.db.models import Count, QuerySet

from core.sql.expressions import among_texts
from core.sql.prepared import send
from detection.models import Source, SourceAlert
from detection.webhooks.alerts.alert_records import current_incident
from incidents.models import Incident, IncidentSignal

FIRING_STATES = (SourceAlert.State.FIRING, SourceAlert.State.ACKNOWLEDGED)
MAX_GROUP_ROWS: Final = 500  # read of one request's groups while the workspace is locked
MAX_FIRING_PER_GROUP: Final = 10_000  # further alerts of a group share one row
_WRITTEN = (
    "group", "incident", "state", "severity", "title", "component", "starts_at", "ends_at", "episodes",
    "updated_at",
)  # fmt: skip


_TOUCH: Final[LiteralString] = """
update detection_sourcealert a set updated_at = %s::timestamptz
  from (select id from detection_sourcealert
         where workspace_id = %s::bigint and source_id = %s::bigint and key = any(%s::text[])
           and state = any(%s::text[]) and updated_at < %s::timestamptz
         order by key for update skip locked) free
 where a.id = free.id
"""


def rows_of(workspace_id: int, source: Source, keys: Iterable[str]) -> dict[str, SourceAlert]:
    """Return the rows of these keys with their incidents: key -> row."""
    every = SourceAlert.objects.of(workspace_id).filter(source=source)
    rows = list(every.filter(among_texts("key", sorted(set(keys)))))
    ids = {row.incident_id for row in rows if row.incident_id is not None}
    incidents = Incident.objects.of(workspace_id).select_related("merged_into").in_bulk(sorted(ids))
    for row in rows:  # alerts of a group share their incident: it is loaded once
        row.incident = incidents.get(row.incident_id) if row.incident_id else None
    return {row.key: row for row in rows}


def firing_in(
    workspace_id: int, source: Source, groups: Iterable[str], without: Iterable[str]
) -> Sequence[SourceAlert]:
    """Return firing alerts in these groups except some keys, at most `MAX_GROUP_ROWS`, with incidents."""
    rows = _firing_rows(workspace_id, source, groups).exclude(key__in=sorted(set(without)))
    return list(rows.select_related("incident__merged_into").order_by("key")[:MAX_GROUP_ROWS])


def incidents_of_groups(
    workspace_id: int, source: Source, groups: Iterable[str]
) -> dict[str, Sequence[Incident]]:
    """Return the incidents of firing alerts of each group, each once, at most `MAX_GROUP_ROWS`."""
    pairs = (
        _firing_rows(workspace_id, source, groups).exclude(incident=None).values_list("group", "incident_id")
    )
    ids: dict[str, list[int]] = {}
    for group, incident_id in pairs.order_by("group", "-incident_id").distinct()[:MAX_GROUP_ROWS]:
        ids.setdefault(group, []).append(incident_id)
    wanted = {incident_id for some in ids.values() for incident_id in some}
    incidents = Incident.objects.of(workspace_id).select_related("merged_into").in_bulk(sorted(wanted))
    return {group: [incidents[pk] for pk in some if pk in incidents] for group, some in ids.items()}


def full_groups(workspace_id: int, source: Source, groups: Iterable[str]) -> set[str]:
    """Return the groups in which at least `MAX_FIRING_PER_GROUP` alerts are firing."""
    rows = _firing_rows(workspace_id, source, groups).values("group").annotate(firing=Count("pk"))
    return set(rows.filter(firing__gte=MAX_FIRING_PER_GROUP).order_by().values_list("group", flat=True))


def move_firing(
    workspace_id: int, source: Source, group: str, *, origins: Iterable[int], to: int, without: Iterable[str]
) -> None:
    """Move firing alerts of a group, except some keys, from some incidents to another, in one statement."""
    rows = _firing_rows(workspace_id, source, [group]).filter(incident_id__in=sorted(set(origins)))
    rows.exclude(key__in=sorted(set(without))).update(incident_id=to)


def end_firing(
    workspace_id: int, source: Source, groups: Iterable[str], *, at: datetime, without: Iterable[str]
) -> None:
    """Mark firing alerts in finished groups as resolved, except some keys, in one statement."""
    rows = _firing_rows(workspace_id, source, groups).exclude(key__in=sorted(set(without)))
    rows.filter(updated_at__lte=at).update(state=SourceAlert.State.RESOLVED, ends_at=at, updated_at=at)


def touch(workspace_id: int, source: Source, keys: Iterable[str], *, at: datetime) -> None:
    """Record that firing alerts were repeated at that time; rows locked by others are skipped.

    In the order of their keys and without waiting, so that no two requests wait for each other.
    """
    send(_TOUCH, [at, workspace_id, source.pk, sorted(set(keys)), [*FIRING_STATES], at])


def _firing_rows(workspace_id: int, source: Source, groups: Iterable[str]) -> QuerySet[SourceAlert]:
    found: QuerySet[SourceAlert] = SourceAlert.objects.of(workspace_id).filter(
        source=source, group__in=sorted(set(groups)), state__in=FIRING_STATES
    )
    return found


def save_rows(workspace_id: int, rows: Sequence[SourceAlert]) -> None:
    """Write new and existing rows of a workspace in one statement."""
    if not rows:
        return
    SourceAlert.objects.bulk_create(
        sorted(rows, key=lambda row: row.key),
        update_conflicts=True,
        unique_fields=["source", "key"],
        update_fields=_WRITTEN,
    )


def latest_incidents(workspace_id: int, fingerprints: Iterable[str]) -> dict[str, Incident]:
    """Return the newest incident of each fingerprint that ever had one, following merges."""
    rows = IncidentSignal.objects.of(workspace_id).filter(fingerprint__in=sorted(set(fingerprints)))
    newest = rows.order_by("fingerprint", "-incident_id").distinct("fingerprint")
    found = {
        row.fingerprint: current_incident(row.incident)
        for row in newest.select_related("incident__merged_into")
    }
    return {fingerprint: incident for fingerprint, incident in found.items() if incident is not None}


def firing_counts(workspace_id: int, incident_ids: Iterable[int]) -> Mapping[int, int]:
    """Return how many alerts are firing for each incident, including those of incidents merged into it."""
    ids = set(incident_ids)
    rows = SourceAlert.objects.of(workspace_id).filter(state__in=FIRING_STATES)
    counts = dict.fromkeys(ids, 0)
    for column in ("incident_id", "incident__merged_into_id"):
        found = rows.filter(**{f"{column}__in": ids}).values_list(column).annotate(Count("pk")).order_by()
        for incident_id, count in found:
            counts[incident_id] += count
    return counts
