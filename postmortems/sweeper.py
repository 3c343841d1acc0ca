"""Periodic follow-through for all workspaces, every ten minutes."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Workspace
from postmortems.fix_watch.models import FixWatch
from postmortems.fix_watch.services import find_missed
from postmortems.reminders.services import plan_digests


def sweep(now: datetime) -> None:
    """Plan the week's digests; check running watches for alerts that joined an open incident."""
    for workspace in Workspace.objects.order_by("pk"):
        plan_digests(workspace, now)
        watching = FixWatch.objects.of(workspace.pk).filter(
            verdict=FixWatch.Verdict.WATCHING, starts_at__lte=now
        )
        for watch in watching.exclude(fingerprints=[]).select_related("item").order_by("pk")[:5000]:
            find_missed(workspace.pk, watch=watch)
