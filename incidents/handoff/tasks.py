"""Celery task that ends expired role offers."""

from __future__ import annotations

from django.utils import timezone

from core.queue.handlers import works_on_batches
from core.queues import CLOCKS
from incidents.handoff.models import RoleOffer
from incidents.handoff.services import expire_offers


@works_on_batches(CLOCKS, RoleOffer, size=20)
def expire_role_offers(offers: list[RoleOffer]) -> None:
    """End expired offers."""
    expire_offers(timezone.now(), offers=offers)
