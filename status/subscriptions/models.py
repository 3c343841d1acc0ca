"""Subscribers of a status page, and the messages planned for them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from status.pages.models import PublicComponent, StatusPage


class Subscriber(WorkspaceScoped):
    """An email address or webhook subscribed to updates of `components`, or of all components.

    Without `all_components`, `components` may be empty: those that were chosen were removed from the page.
    The address and the webhook's signing secret are encrypted; `digest` is for lookup by address.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "Email"
        WEBHOOK = "webhook", "Webhook"

    class State(models.TextChoices):
        PENDING = "pending", "Not confirmed"
        CONFIRMED = "confirmed", "Confirmed"
        ENDED = "ended", "Unsubscribed"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="subscribers")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    address = models.TextField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    secret = models.TextField(blank=True, editable=False)
    public_id = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)
    subscriber_state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    all_components = models.BooleanField(default=True, db_default=True)
    components = models.ManyToManyField(PublicComponent, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=200, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["page", "kind", "digest"], name="subscriber_once")]

    def __str__(self) -> str:
        return f"{self.kind} subscriber {self.public_id}"


class SubscriberMessage(WorkspaceScoped, WorkItem):
    """A message to a subscriber; unique by `event_key`, so that it is planned once."""

    class Kind(models.TextChoices):
        CONFIRM = "confirm", "Confirmation"
        UPDATE = "update", "Update"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="messages")
    event_key = models.CharField(max_length=120)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "event_key"], name="subscriber_message_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_key}"
