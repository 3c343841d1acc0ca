"""Deletes decisions past their retention."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from incidents.explain.models import Decision

DECISION_RETENTION: Final = timedelta(days=30)
ROWS_AT_ONCE: Final = 5000
MAX_CHUNKS: Final = 100


def prune_decisions(now: datetime) -> int:
    """Delete in short transactions; returns how many. The next run continues."""
    total = 0
    for _ in range(MAX_CHUNKS):
        old = Decision.across_workspaces.filter(at__lt=now - DECISION_RETENTION)
        deleted, _each = Decision.across_workspaces.filter(
            pk__in=old.order_by("at").values("pk")[:ROWS_AT_ONCE]
        ).delete()
        total += deleted
        if deleted < ROWS_AT_ONCE:
            break
    return total
