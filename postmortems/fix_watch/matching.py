"""Which watches an incident speaks against."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from incidents.models import AffectedComponent, Incident, IncidentSignal
from postmortems.fix_watch.models import FixWatch


def candidates(incident: Incident, at: datetime) -> list[FixWatch]:
    """The running watches over a fingerprint of the incident, or over its type on one of its components."""
    fingerprints = list(
        IncidentSignal.objects.of(incident.workspace_id)
        .filter(incident=incident)
        .values_list("fingerprint", flat=True)
    )
    components = list(
        AffectedComponent.objects.of(incident.workspace_id)
        .filter(incident=incident)
        .values_list("component_id", flat=True)
    )
    same = Q(fingerprints=[], incident_type=incident.incident_type, component_ids__overlap=components)
    if fingerprints:
        same |= Q(fingerprints__overlap=fingerprints)
    rows = FixWatch.objects.of(incident.workspace_id).filter(same, verdict=FixWatch.Verdict.WATCHING)
    return list(rows.filter(starts_at__lte=at, ends_at__gt=at).select_related("item").order_by("pk")[:50])


def is_recurrence(watch: FixWatch, incident: Incident, at: datetime) -> bool:
    """Whether this incident, at that time, shows that the fix did not hold. Pure.

    A drill does not, nor one that was merged into an incident from before the watch began, nor
    another private incident.
    """
    if incident.is_private and incident.pk != watch.item.incident_id:
        return False  # it must not be named outside
    if incident.is_drill or not watch.starts_at <= at < watch.ends_at:
        return False
    merged = incident.merged_into
    return merged is None or merged.detected_at >= watch.starts_at
