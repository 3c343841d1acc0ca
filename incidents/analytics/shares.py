"""How many deadlines of some incidents were met, as the SLA report counts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet

from incidents.models import Incident, SlaClock
from incidents.sla.report import outcome_of


@dataclass(frozen=True, slots=True)
class SlaShare:
    """One kind of deadline. `percent` is met of met and breached; None where neither is known yet."""

    kind: str
    title: str
    met: int
    breached: int
    running: int

    @property
    def percent(self) -> float | None:
        """With one decimal."""
        known = self.met + self.breached
        return round(100 * self.met / known, 1) if known else None


def sla_shares(workspace_id: int, incidents: QuerySet[Incident], now: datetime) -> list[SlaShare]:
    """One share a kind of deadline, in their order; a stopped clock is in none."""
    clocks = SlaClock.objects.of(workspace_id).filter(incident__in=incidents.values("pk"))
    rows = clocks.annotate(outcome=outcome_of(now)).values("kind", "outcome").annotate(number=Count("pk"))
    found = {(row["kind"], row["outcome"]): row["number"] for row in rows.order_by()}
    return [
        SlaShare(kind.value, kind.label, *(found.get((kind.value, word), 0) for word in _OUTCOMES))
        for kind in SlaClock.Kind
    ]


_OUTCOMES = ("met", "breached", "running")
