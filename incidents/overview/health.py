"""Health score from open incidents. Pure; the tables below define it.

Health is 100 % minus points for every open incident. The system loses points once for each incident, by its
severity. A component loses points for each incident that affects it, by impact and severity. A monitored
incident costs half of that, since its fix is in place. Drills cost nothing. Health never falls below 0 %, and
without open incidents it is 100 %. Its name follows from the percentage alone.

docs/explanation/health.md describes the same; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from incidents.vocabulary import Impact, Severity

FULL: Final = 100


class Standing(StrEnum):
    """Name of a percentage."""

    HEALTHY = "healthy"
    WARNING = "warning"
    DEGRADED = "degraded"
    DOWN = "down"


# Lower bounds in percent, the best first.
STANDINGS: Final[tuple[tuple[int, Standing], ...]] = (
    (98, Standing.HEALTHY),
    (80, Standing.WARNING),
    (25, Standing.DEGRADED),
    (0, Standing.DOWN),
)
# Points that one open incident costs the system.
SYSTEM_POINTS: Final[Mapping[str, int]] = {
    Severity.SEV1: 80, Severity.SEV2: 25, Severity.SEV3: 10, Severity.SEV4: 2,
}  # fmt: skip
# Points that one open incident costs a component it affects.
COMPONENT_POINTS: Final[Mapping[str, Mapping[str, int]]] = {
    Impact.TOTAL_OUTAGE: {Severity.SEV1: 100, Severity.SEV2: 100, Severity.SEV3: 100, Severity.SEV4: 100},
    Impact.PARTIAL_OUTAGE: {Severity.SEV1: 60, Severity.SEV2: 45, Severity.SEV3: 30, Severity.SEV4: 15},
    Impact.DEGRADED: {Severity.SEV1: 30, Severity.SEV2: 15, Severity.SEV3: 10, Severity.SEV4: 5},
}
MONITORED_DIVIDES_BY: Final = 2


def ranges() -> list[tuple[Standing, int, int]]:
    """Return each name with its lowest and highest percentage, the best first."""
    highest = [FULL, *(least - 1 for least, _ in STANDINGS)]
    return [(word, least, most) for (least, word), most in zip(STANDINGS, highest, strict=False)]


@dataclass(frozen=True, slots=True)
class Burden:
    """`count` similar open incidents. `impact` is "" for the system."""

    severity: str
    is_monitored: bool
    count: int = 1
    impact: str = ""

    @property
    def points(self) -> int:
        """Return the points they cost, rounded up for each incident."""
        table = COMPONENT_POINTS[self.impact] if self.impact else SYSTEM_POINTS
        one = table[self.severity]
        return self.count * (-(-one // MONITORED_DIVIDES_BY) if self.is_monitored else one)


@dataclass(frozen=True, slots=True, order=True)
class Health:
    """A percentage from 0 to 100, with its name."""

    percent: int = FULL

    @property
    def standing(self) -> Standing:
        """Return the name."""
        return next(word for least, word in STANDINGS if self.percent >= least)


HEALTHY: Final = Health()


def health_under(burdens: Iterable[Burden]) -> Health:
    """Return the health with these open incidents."""
    return Health(max(0, FULL - sum(burden.points for burden in burdens)))
