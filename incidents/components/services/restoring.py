"""Marks components of an incident as restored."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from incidents.lifecycle.services.locked_change import Change
from incidents.models import AffectedComponent


def restore_components(change: Change, keep: Collection[str] = ()) -> list[str]:
    """Mark the affected components restored at the time of the change, except those named in `keep`.

    Returns the names of those restored; their impact stays recorded.
    """
    rows = AffectedComponent.objects.of(change.incident.workspace_id).filter(
        incident=change.incident, restored_at=None
    )
    chosen = list(rows.exclude(component__name__in=keep).values_list("pk", "component__name"))
    rows.filter(pk__in=[pk for pk, _ in chosen]).update(restored_at=change.at)
    return sorted(name for _, name in chosen)


def unrestore_components(change: Change, resolved_at: datetime | None) -> int:
    """Mark affected again the components that the resolution at `resolved_at` restored."""
    if resolved_at is None:
        return 0
    rows = AffectedComponent.objects.of(change.incident.workspace_id)
    return int(rows.filter(incident=change.incident, restored_at=resolved_at).update(restored_at=None))
