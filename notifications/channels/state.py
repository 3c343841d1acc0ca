"""Records the state of a channel: working, failing, broken."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from notifications.channels.models import Channel

PROBE_AFTER: Final = timedelta(seconds=60)


def mark_ok(channel: Channel) -> None:
    """Record a successful send."""
    rows = Channel.objects.of(channel.workspace_id).filter(pk=channel.pk)
    rows.filter(
        ~Q(state=Channel.State.OK) | Q(last_ok_at=None) | Q(last_ok_at__lt=Now() - PROBE_AFTER)
    ).update(state=Channel.State.OK, reason="", retry_at=None, failing_since=None, last_ok_at=Now())


def mark_failing(channel: Channel, reason: str) -> None:
    """Record a failed send that affects one message only."""
    rows = Channel.objects.of(channel.workspace_id).filter(pk=channel.pk)
    rows.exclude(state=Channel.State.BROKEN).update(
        state=Channel.State.FAILING, reason=reason, failing_since=Coalesce("failing_since", Now())
    )


def mark_broken(channel: Channel, reason: str) -> None:
    """Record that all sends fail: deliveries wait and one is retried after a minute."""
    Channel.objects.of(channel.workspace_id).filter(pk=channel.pk).update(
        state=Channel.State.BROKEN,
        reason=reason,
        retry_at=Now() + PROBE_AFTER,
        failing_since=Coalesce("failing_since", Now()),
    )
