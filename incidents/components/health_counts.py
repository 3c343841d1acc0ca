"""Counts of components by health, for the landing page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from accounts.actor import Actor
from accounts.permissions import Capability, require
from incidents.components.selectors import loads_of_all
from incidents.models import Component
from incidents.overview.health import Health, Standing

WORST_FIRST = (Standing.DOWN, Standing.DEGRADED, Standing.WARNING)


@dataclass(frozen=True, slots=True)
class HealthCounts:
    """`worst`: the state of the worst component. `affected`: the number in each bad state, worst first."""

    worst: Standing
    affected: tuple[tuple[Standing, int], ...]
    total: int

    @property
    def words(self) -> str:
        """Return a summary such as `1 down, 3 degraded of 19 components`."""
        named = ", ".join(f"{count} {state}" for state, count in self.affected)
        noun = "component" if self.total == 1 else "components"
        if not self.total:
            return "no components yet"
        return f"{named} of {self.total} {noun}" if named else f"{self.total} {noun}, none affected"


def health_counts(actor: Actor) -> HealthCounts:
    """Count components by state. Two statements. Raises Forbidden."""
    require(actor, Capability.INCIDENTS_READ)
    held = loads_of_all(actor.workspace_id, actor.viewer)
    states = Counter(load.health.standing for load in held.values())
    affected = tuple((state, states[state]) for state in WORST_FIRST if states[state])
    worst = affected[0][0] if affected else Standing.HEALTHY
    total = Component.objects.of(actor.workspace_id).filter(archived_at=None).count()
    return HealthCounts(worst, affected, max(total, sum(count for _, count in affected)))


def worse(one: Health, other: Standing) -> Standing:
    """Return the worse of two states."""
    order = (*WORST_FIRST, Standing.HEALTHY)
    return min(one.standing, other, key=order.index)
