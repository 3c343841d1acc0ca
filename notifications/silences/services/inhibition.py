"""Reviews inhibited incidents, two minutes after the inhibiting one is resolved or less severe."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from notifications.deliveries.models import Delivery
from notifications.silences.locking import lock_quiet_times
from notifications.silences.models import InhibitionReview
from notifications.silences.services.releasing import release

REVIEW_AFTER: Final = timedelta(minutes=2)


def plan_review(workspace_id: int, incident_id: int, *, event_key: str) -> None:
    """Plan a review if the incident muted anything. Idempotent."""
    muted = Delivery.objects.of(workspace_id).filter(
        outcome=Delivery.Outcome.MUTED, muted_by=f"inhibit:{incident_id}", unmuted_at=None
    )
    if muted.exists():
        made = InhibitionReview(
            workspace_id=workspace_id,
            parent_id=incident_id,
            event_key=event_key,
            due_at=Now() + REVIEW_AFTER,
        )
        InhibitionReview.objects.bulk_create([made], ignore_conflicts=True)


def run_review(workspace_id: int, item: InhibitionReview, *, now: datetime) -> None:
    """Notify of unresolved incidents, once; what is still inhibited is muted again."""
    with transaction.atomic():
        lock_quiet_times(workspace_id)
        text = (
            "Still unresolved, although the incident on a component it depends on is resolved or less severe."
        )
        key = f"inhibit:{item.parent_id}"
        release(workspace_id, key, once=f"inhibit-{item.pk}", text=text, now=now)
