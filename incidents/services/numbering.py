"""The one line everybody stands in to open, join or reopen incidents of a workspace."""

from __future__ import annotations

from incidents.models import IncidentCounter


def lock_counter(workspace_id: int) -> IncidentCounter:
    """Lock and return the workspace's counter until the transaction ends.

    Whoever touches several incidents, or could make a second unresolved one, takes this lock before any
    incident's row; whoever touches a single incident takes only that row. Hence no cycle, and no deadlock.
    A rolled back opening gives its number back, as the counter rolls back with it: no gaps.
    """
    counter = IncidentCounter.objects.select_for_update().filter(pk=workspace_id).first()
    if counter is None:
        IncidentCounter.objects.bulk_create(
            [IncidentCounter(workspace_id=workspace_id)], ignore_conflicts=True
        )
        return IncidentCounter.objects.select_for_update().get(pk=workspace_id)
    return counter


def take_numbers(counter: IncidentCounter, count: int) -> range:
    """The next `count` numbers, written to the locked counter."""
    first = counter.last_number + 1
    counter.last_number += count
    counter.save(update_fields=["last_number"])
    return range(first, first + count)
