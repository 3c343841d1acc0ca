"""Celery tasks and queue handlers of bundles."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from celery import shared_task
from django.utils import timezone

from bundles.inspection.inspecting import inspect_bundle
from bundles.inspection.models import Inspection
from bundles.queues import INSPECTION
from bundles.records.expiry import expire_due, purge_removed
from bundles.uploads.completing import complete_lost
from core.queue.handlers import works_on
from core.queue.retry import Backoff

# Retries cover a storage outage of a day; inspection resumes minutes after it is back.
PATIENCE: Final = Backoff(first=5.0, longest=300.0, attempts=2_000)


@works_on(INSPECTION, Inspection, backoff=PATIENCE, keep=timedelta(days=7), related=("bundle",))
def inspect(item: Inspection) -> None:
    """Inspect an uploaded bundle."""
    inspect_bundle(item.bundle)


@shared_task(name="bundles.complete_lost", ignore_result=True)
def complete_lost_uploads() -> None:
    """Complete uploads that the client did not complete."""
    complete_lost(timezone.now())


@shared_task(name="bundles.expire", ignore_result=True)
def expire_bundles() -> None:
    """Expire bundles past retention and announced ones that never arrived."""
    expire_due(timezone.now())


@shared_task(name="bundles.purge", ignore_result=True)
def purge_bundles() -> None:
    """Delete the files of removed bundles."""
    purge_removed(timezone.now())
