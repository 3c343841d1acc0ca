"""Celery tasks of the archive."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core.queue.handlers import works_on
from core.queue.retry import Backoff
from incidents.archive.models import IncidentArchive
from incidents.archive.moving import advance
from incidents.archive.queues import ARCHIVE
from incidents.archive.services.planning import plan_everywhere


@works_on(
    ARCHIVE, IncidentArchive, related=("incident", "workspace"), backoff=Backoff(first=10.0, attempts=60)
)
def move_archive(archive: IncidentArchive) -> None:
    """Archive or restore one incident, continuing at the reached step."""
    advance(archive)


@shared_task(name="incidents.plan_archives", ignore_result=True)
def plan_archives() -> None:
    """Plan the archives of incidents that were resolved long enough ago."""
    if days := settings.INCIDENT_ARCHIVE_DAYS:
        plan_everywhere(timezone.now(), timedelta(days=days))
