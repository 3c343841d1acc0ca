"""Stores unconfirmed topic subscriptions until an admin opens their URL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from core.secrets.encryption import encrypt
from detection.models import Source, SourceSubscription
from detection.webhooks.parsed import Subscription

MAX_TOPICS: Final = 20


def note_subscriptions(source: Source, subscriptions: Sequence[Subscription], at: datetime) -> None:
    """Store unconfirmed topics, and that a topic delivers; a source has at most 20 topics."""
    topics = SourceSubscription.objects.of(source.workspace_id).filter(source=source)
    for topic, address in ((one.topic, one.address) for one in subscriptions):
        if not address:
            topics.filter(topic=topic, confirmed_at=None).update(confirmed_at=at)
        elif topics.filter(topic=topic).exists():
            topics.filter(topic=topic).update(address=encrypt(address), requested_at=at, confirmed_at=None)
        elif topics.count() < MAX_TOPICS:
            row = SourceSubscription(
                workspace_id=source.workspace_id,
                source=source,
                topic=topic,
                address=encrypt(address),
                requested_at=at,
            )
            SourceSubscription.objects.bulk_create([row], ignore_conflicts=True)
