"""Finds detectors that open unneeded incidents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Q, QuerySet

from incidents.models import Incident, IncidentSignal, IncidentVerdict
from incidents.recovery.selectors import Rate
from incidents.vocabulary import OVER

MAX_REPORTERS: Final = 50


@dataclass(frozen=True, slots=True)
class Noise:
    """Incidents of one detector; `unheeded` were over without an acknowledgement by a person.

    `false_positives` counts only reviewed ones.
    """

    reporter: str
    incidents: int
    unheeded: int
    false_positives: Rate


def noise_of(workspace_id: int, incidents: QuerySet[Incident]) -> list[Noise]:
    """Return noise by detector, most incidents first; an incident of two detectors counts for both."""
    unheeded = Q(incident__acknowledged_at=None, incident__status__in=OVER)
    wrong = Q(incident__verdict__verdict=IncidentVerdict.Verdict.FALSE_POSITIVE)
    reviewed = Q(incident__verdict__isnull=False)
    signals = IncidentSignal.objects.of(workspace_id).filter(incident__in=incidents.values("pk"))
    rows = signals.values("reporter").annotate(
        number=Count("incident", distinct=True),
        unheeded=Count("incident", distinct=True, filter=unheeded),
        wrong=Count("incident", distinct=True, filter=wrong),
        reviewed=Count("incident", distinct=True, filter=reviewed),
    )
    return [
        Noise(row["reporter"], row["number"], row["unheeded"], Rate(row["wrong"], row["reviewed"]))
        for row in rows.order_by("-number", "reporter")[:MAX_REPORTERS]
    ]
