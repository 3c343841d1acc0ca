"""Matches incidents with fix watches."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from incidents.models import AffectedComponent, Incident, IncidentSignal
from postmortems.fix_watch.models import FixWatch


def candidates(incident: Incident, at: datetime) -> list[FixWatch]:
    """Running watches of a fingerprint of the incident, or of its type on one of its components."""
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
    """Whether the incident shows that the fix did not hold. Pure.

    Drills, incidents merged into one from before the watch, and other private incidents do not count.
    """
    if incident.is_private and incident.pk != watch.item.incident_id:
        return False  # its existence must not be revealed
    if incident.is_drill or not watch.starts_at <= at < watch.ends_at:
        return False
    merged = incident.merged_into
    return merged is None or merged.detected_at >= watch.starts_at
