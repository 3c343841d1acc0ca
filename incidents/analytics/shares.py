"""Share of SLA targets met, counted like the SLA report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from incidents.models import Incident, SlaClock
from incidents.sla.report import outcome_of


@dataclass(frozen=True, slots=True)
class SlaShare:
    """One kind of SLA target. `percent` is met of met and breached; None while neither is known."""

    kind: str
    title: str
    met: int
    breached: int
    running: int

    @property
    def percent(self) -> float | None:
        """Return the percentage with one decimal."""
        known = self.met + self.breached
        return round(100 * self.met / known, 1) if known else None


def sla_shares(workspace_id: int, incidents: QuerySet[Incident], now: datetime) -> list[SlaShare]:
    """Return one share per kind of target, in order; stopped clocks are not counted."""
    clocks = SlaClock.objects.of(workspace_id).filter(incident__in=incidents.values("pk"))
    rows = clocks.annotate(outcome=outcome_of(now)).values("kind", "outcome").annotate(number=Count("pk"))
    found = {(row["kind"], row["outcome"]): row["number"] for row in rows.order_by()}
    return [
        SlaShare(kind.value, kind.label, *(found.get((kind.value, word), 0) for word in _OUTCOMES))
        for kind in SlaClock.Kind
    ]


_OUTCOMES = ("met", "breached", "running")
