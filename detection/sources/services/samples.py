"""Stores the last body of a mapped source for its preview."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from core.errors import Problem
from detection.models import Source, SourceSample
from detection.webhooks.http.request import WebhookRequest
from detection.webhooks.http.unpacking import unpacked

MAX_BODY_CHARS: Final = 65_536
EVERY: Final = timedelta(minutes=1)


def keep_sample(workspace_id: int, *, source: Source, request: WebhookRequest) -> None:
    """Store the request's body, unless it is over 64 kB or one was stored within the last minute."""
    held = SourceSample.objects.of(workspace_id).filter(source=source)
    if held.filter(received_at__gt=request.received_at - EVERY).exists():
        return
    try:
        body = unpacked(request.raw, request.headers, MAX_BODY_CHARS)
    except Problem:
        return
    fresh = {"body": body, "content_type": request.content_type[:200], "received_at": request.received_at}
    if not held.update(**fresh):
        row = SourceSample(workspace_id=workspace_id, source=source, **fresh)
        SourceSample.objects.bulk_create([row], ignore_conflicts=True)
