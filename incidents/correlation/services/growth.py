"""Detects that an open incident became larger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from incidents.events import IncidentGrew

# id, number, version, events before and after, is_private.
Counted = tuple[int, int, int, int, int, bool]
MIN_EVENTS = 100


def grown(
    workspace_id: int, counted: Iterable[Counted], components: Iterable[tuple[int, str]]
) -> Iterator[IncidentGrew]:
    """Return one event for each incident with more components, or whose event count passed a power of ten.

    components: (incident id, name) newly affected.
    """
    names: dict[int, list[str]] = {}
    for incident_id, name in components:
        names.setdefault(incident_id, []).append(name)
    for incident_id, number, version, before, after, _ in counted:
        new = tuple(sorted(names.get(incident_id, ())))
        is_tenfold = after >= MIN_EVENTS and len(str(after)) > len(str(before))
        if new or is_tenfold:
            count = after if is_tenfold else None
            yield IncidentGrew(workspace_id, incident_id, number, version, components=new, event_count=count)
