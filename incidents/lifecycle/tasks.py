"""Celery tasks of incidents."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from incidents.lifecycle.services.sweeper import raise_prolonged


@shared_task(name="incidents.raise_prolonged", ignore_result=True)
def raise_prolonged_incidents() -> None:
    """Raise the severity of incidents that last longer than their type allows."""
    raise_prolonged(timezone.now())
