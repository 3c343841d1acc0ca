"""Outbox tables, rate-limit counters and heartbeats."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from core.queue.models import WorkItem


class OutboxEvent(models.Model):
    """A domain event, written in the transaction of its change. `payload` holds JSON scalars and lists."""

    topic = models.CharField(max_length=80)
    workspace_id = models.BigIntegerField()
    payload = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self.topic} #{self.pk}"


class OutboxDispatch(WorkItem):
    """One subscriber's copy of one event, delivered at least once and settled on its own."""

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="dispatches")
    subscriber = models.CharField(max_length=80)

    class Meta(WorkItem.Meta):
        verbose_name_plural = "outbox dispatches"
        constraints = [
            models.UniqueConstraint(fields=["event", "subscriber"], name="one_dispatch_per_subscriber")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} <- event {self.event_id}"


class Allowance(models.Model):
    """How much of a rate limit was used in the window that began at `window_at`.

    See `core.rate_limit.store`.
    """

    name = models.CharField(max_length=200, primary_key=True)
    window_at = models.DateTimeField()
    used = models.BigIntegerField()
    granted = models.BigIntegerField()

    class Meta:
        verbose_name = "rate limit counter"
        indexes = [models.Index(fields=["window_at"])]

    def __str__(self) -> str:
        return f"{self.used} of {self.name}"


class WorkerHeartbeat(models.Model):
    """A worker's last heartbeat, in the database so that it is available while Valkey is down."""

    name = models.CharField(max_length=60, primary_key=True)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "worker heartbeat"

    def __str__(self) -> str:
        return f"{self.name} at {self.seen_at:%H:%M:%S}"
