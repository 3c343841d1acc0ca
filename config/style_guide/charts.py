"""Charts of the style guide: full, single value, crowded and empty."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from core.ui.charts import Chart, Series

HOURS: Final = tuple(f"{hour:02}:00" for hour in range(24))
OPENED: Final = (0, 0, 1, 0, 2, 1, 0, 3, 5, 8, 6, 4, 2, 7, 12, 9, 4, 3, 2, 1, 0, 1, 0, 0)
RESOLVED: Final = (0, 0, 0, 1, 1, 1, 1, 2, 3, 6, 7, 5, 2, 4, 9, 11, 6, 4, 2, 1, 1, 0, 1, 0)
CROWDED: Final = 180
WEEKS: Final = 13
LEVELS: Final = ((100, "healthy"), (85, "warning"), (40, "degraded"), (0, "down"))
NAMES: Final = (("SEV1", "sev1"), ("SEV2", "sev2"), ("SEV3", "sev3"), ("SEV4", "sev4"))


def charts(today: date) -> dict[str, Any]:
    """Return the context of `style/charts.html`."""
    return {"charts": _charts(), "heats": _heats(today), "levels": LEVELS}


def _charts() -> dict[str, Chart]:
    pair = (Series("Opened", OPENED, "sev2"), Series("Resolved", RESOLVED, "good"))
    split = tuple(Series(name, OPENED[at:] + OPENED[:at], tone) for at, (name, tone) in enumerate(NAMES))
    many = tuple(float((place * 37) % 23) for place in range(CROWDED))
    places = tuple(f"Day {place + 1}" for place in range(CROWDED))
    return {
        "bars": Chart("Opened and resolved", HOURS, pair, "incidents"),
        "stacked": Chart("Opened, by severity", HOURS, split, "incidents"),
        "spark": Chart("Open at each hour", HOURS, (Series("Open", RESOLVED),), "incidents"),
        "one": Chart("A single value", ("Today",), (Series("Events", (1_234_567,)),), "events"),
        "crowded": Chart("Half a year", places, (Series("Events", many),), "events"),
        "empty": Chart("Nothing happened", HOURS, (Series("Opened", (0,) * len(HOURS)),), "incidents"),
        "flat": Chart("One value as a line", ("Now",), (Series("Open", (3,)),), "incidents"),
    }


def _heats(today: date) -> dict[str, list[tuple[date, int]]]:
    days = [today - timedelta(days=back) for back in reversed(range(WEEKS * 7))]
    busy = [(day, OPENED[at % 24] * 11 if at % 9 else 0) for at, day in enumerate(days)]
    return {"A busy quarter": busy, "A calm quarter": [(day, 0) for day in days]}
