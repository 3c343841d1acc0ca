"""Charts of one incident as blocks of Markdown: errors by type, events by source, entries over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from core.ui.chart_blocks import write_chart
from incidents.models import Incident, IncidentEvidence, TimelineEntry
from postmortems.drafting.timeline import moment

MAX_BARS: Final = 12
MIN_SLOT: Final = timedelta(minutes=1)


def chart_of(incident: Incident, what: str = "") -> str:
    """The chart block `errors`, `sources` or `timeline`; with empty `what` errors, else the timeline."""
    rows = IncidentEvidence.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    found: IncidentEvidence | None = rows.first()
    if what in ("", "errors") and found and found.error_distribution:
        return write_chart(f"Errors of {incident.reference} by type", _largest(found.error_distribution))
    if what == "sources" and found and found.source_distribution:
        return write_chart(f"Events of {incident.reference} by source", _largest(found.source_distribution))
    if what in ("", "timeline"):
        return _over_time(incident)
    return ""


def _largest(counts: dict[str, int]) -> list[tuple[str, float]]:
    """The largest counts, and the sum of the others."""
    rows = sorted(((name, float(n)) for name, n in counts.items()), key=lambda one: (-one[1], one[0]))
    rest = sum(number for _, number in rows[MAX_BARS:])
    return [*rows[:MAX_BARS], *([("others", rest)] if rest else [])]


def _over_time(incident: Incident) -> str:
    rows = TimelineEntry.objects.of(incident.workspace_id).filter(incident_id=incident.pk)
    times = list(rows.order_by("occurred_at").values_list("occurred_at", flat=True)[:10_000])
    title = f"Timeline entries of {incident.reference}, times in UTC"
    return write_chart(title, slots(times, incident.detected_at)) if times else ""


def slots(times: Sequence[datetime], start: datetime) -> list[tuple[str, float]]:
    """Histogram of sorted times with twelve equal bins. Pure."""
    first = times[0].astimezone(UTC)
    length = max((times[-1] - first) / MAX_BARS, MIN_SLOT)
    counts = Counter(min(MAX_BARS - 1, int((at - first) / length)) for at in times)
    return [(moment(first + n * length, start), float(counts[n])) for n in range(max(counts) + 1)]
