"""Stores the outcome of a request."""

from __future__ import annotations

from datetime import datetime

from detection.models import RequestOutcome, Source
from detection.webhooks.format import Outcome


def keep_outcome(
    workspace_id: int, *, source: Source, request_id: str, outcome: Outcome, at: datetime
) -> None:
    """Store the outcome, in the transaction of the request. Of the same id the latest is kept."""
    row = RequestOutcome(
        workspace_id=workspace_id,
        source=source,
        request_id=request_id,
        action=outcome.action,
        key=outcome.key,
        succeeded=outcome.succeeded,
        words=outcome.words,
        processed_at=at,
    )
    RequestOutcome.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["source", "request_id"],
        update_fields=["action", "key", "succeeded", "words", "processed_at"],
    )
