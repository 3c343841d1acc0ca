"""Selects the incidents that analytics counts, as rows of incidents and of measures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.actor import SEES_ALL
from incidents.analytics.models import IncidentMeasure
from incidents.listing.filters import IncidentFilter
from incidents.listing.selectors import matching
from incidents.models import Incident, InvitedPerson
from incidents.privacy.selectors import seen_as

COUNTED: Final = Q(is_drill=False, is_merged=False)
# filters that measures have columns for
_DIRECT: Final = {"severities": "severity", "types": "incident_type"}


@dataclass(frozen=True, slots=True)
class Scope:
    """The incidents of a page: `rows` and `measures` are of the same ones."""

    workspace_id: int
    rows: QuerySet[Incident]
    measures: QuerySet[IncidentMeasure]
    zone: ZoneInfo
    now: datetime

    @classmethod
    def of(
        cls, workspace_id: int, viewer: int, wanted: IncidentFilter, zone: ZoneInfo, now: datetime
    ) -> Scope:
        """Return what a filter finds and a viewer may see, without drills and merged incidents."""
        rows = seen_as(workspace_id, viewer).filter(matching(workspace_id, wanted))
        return cls(
            workspace_id,
            rows.filter(is_drill=False, merged_into=None),
            measures_of(workspace_id, viewer, wanted).filter(COUNTED),
            zone,
            now,
        )


def measures_of(workspace_id: int, viewer: int, wanted: IncidentFilter) -> QuerySet[IncidentMeasure]:
    """Return the measures of what a filter finds and a viewer may see, including drills and merged ones."""
    found = IncidentMeasure.objects.of(workspace_id).filter(_seen(workspace_id, viewer))
    if wanted.since:
        found = found.filter(detected_at__gte=wanted.since)
    if wanted.until:
        found = found.filter(detected_at__lt=wanted.until)
    for name, column in _DIRECT.items():
        if values := getattr(wanted, name):
            found = found.filter(**{f"{column}__in": list(values)})
    known = replace(wanted, since=None, until=None, severities=frozenset(), types=frozenset())
    if known != IncidentFilter():
        incidents = seen_as(workspace_id, viewer).filter(matching(workspace_id, wanted))
        found = found.filter(incident__in=incidents.values("pk"))
    return found


def _seen(workspace_id: int, viewer: int) -> Q:
    """Return the condition of `is_seen` on the measures' own columns."""
    if viewer == SEES_ALL:
        return Q()
    invited = InvitedPerson.objects.of(workspace_id).filter(incident=OuterRef("pk"), viewer=viewer)
    return Q(is_private=False) | Q(Exists(invited))
