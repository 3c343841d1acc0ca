"""Panel of the events of the last 24 hours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from accounts.actor import Actor
from core.ui.charts import Chart, Series
from core.ui.panels import Panel, panel
from detection.ingest.event_counts import events_per_hour
from detection.models import Level
from incidents.overview.panels import A_MINUTE, MAIN
from incidents.overview.selectors import last_hours, zone_of

# The worst level at the bottom, where bars are easiest to compare.
TONES: Final = {
    Level.FATAL: "fatal", Level.CRITICAL: "sev1", Level.ERROR: "sev2", Level.WARNING: "sev3",
    Level.INFO: "sev4", Level.DEBUG: "quiet",
}  # fmt: skip


@panel
class EventsByLevel(Panel):
    """Events per hour by level, from counters updated when events are stored."""

    is_cached = True
    name = "detection.events_by_level"
    title = "Events"
    template = "detection/panels/events_by_level.html"
    slot = MAIN
    order = 20
    every_s = A_MINUTE

    def context(self, actor: Actor, key: str, query: Mapping[str, str]) -> dict[str, Any]:
        zone, hours = zone_of(actor), last_hours()
        counts = events_per_hour(actor, hours)
        labels = tuple(f"{hour.astimezone(zone):%a %H:%M}" for hour in hours)
        rows = tuple(Series(level.label.title(), counts[level], tone) for level, tone in TONES.items())
        return {
            "chart": Chart("Events an hour, by level", labels, rows, "events"),
            "total": sum(map(sum, counts.values())),
        }

    def version(self, context: Mapping[str, Any]) -> str:
        return repr(context["chart"])
