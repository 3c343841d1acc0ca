"""Celery tasks: each calls one service."""

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

# The storage may be away for a day, and what was uploaded before is inspected minutes after it is back.
PATIENCE: Final = Backoff(first=5.0, longest=300.0, attempts=2_000)


@works_on(INSPECTION, Inspection, backoff=PATIENCE, keep=timedelta(days=7), related=("bundle",))
def inspect(item: Inspection) -> None:
    """Inspect one bundle that has arrived."""
    inspect_bundle(item.bundle)


@shared_task(name="bundles.complete_lost", ignore_result=True)
def complete_lost_uploads() -> None:
    """Complete uploads whose bundle has arrived without a word from the client."""
    complete_lost(timezone.now())


@shared_task(name="bundles.expire", ignore_result=True)
def expire_bundles() -> None:
    """Expire bundles that are due and announced ones that never arrived."""
    expire_due(timezone.now())


@shared_task(name="bundles.purge", ignore_result=True)
def purge_bundles() -> None:
    """Delete the files of bundles that are removed."""
    purge_removed(timezone.now())
