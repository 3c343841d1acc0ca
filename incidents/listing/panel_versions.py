"""Version keys of panels that show incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from incidents.models import Incident


def versions_of(incidents: Iterable[Incident], *more: object) -> str:
    """Return id, version and event count of each, and whatever else the panel shows."""
    seen = ",".join(f"{i.pk}.{i.version}.{i.event_count}" for i in incidents)
    return "|".join([seen, *map(str, more)])
