"""Deliveries: one notification to one destination, and every attempt to send it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.queue.models import WorkItem
from core.reasons import Reason
from core.tenancy import WorkspaceScoped
from notifications.channels.models import Channel
from notifications.contacts.models import ContactMethod


class Delivery(WorkspaceScoped, WorkItem):
    """One event to one destination: planned at most once, attempted at least once.

    `payload` holds data; the text is rendered when it is sent. `reason` says why it waits or how it ended,
    `reason_code` is its code in the list of reasons. `because`, not stored: why it was planned.
    """

    because: Reason = Reason.CONCERNED

    class Outcome(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENT = "sent", "Sent"
        MERGED = "merged", "Merged"
        MUTED = "muted", "Muted"
        HELD = "held", "Held"
        SUPERSEDED = "superseded", "Superseded"
        UNKNOWN = "unknown", "Unknown"
        DEAD = "dead", "Failed"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    event_key = models.CharField(max_length=200)
    event_kind = models.CharField(max_length=80)
    destination = models.CharField(max_length=200)
    label = models.CharField(max_length=200)
    incident_id = models.BigIntegerField(null=True, blank=True)
    incident_number = models.PositiveIntegerField(null=True, blank=True)
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.SET_NULL, related_name="deliveries"
    )
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    method = models.ForeignKey(
        ContactMethod, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    recipient = models.CharField(max_length=320, blank=True, default="")
    public_id = models.UUIDField(default=uuid.uuid4, editable=False)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default=Outcome.PENDING)
    reason = models.CharField(max_length=500, blank=True, default="")
    reason_code = models.CharField(max_length=20, blank=True, default="", db_default="")
    why = models.CharField(max_length=200, blank=True, default="")
    payload = models.JSONField(default=dict)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="merged")
    fallback_of = models.OneToOneField(
        "self", null=True, on_delete=models.SET_NULL, related_name="fallback_delivery"
    )
    resend_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="resends")
    muted_by = models.CharField(max_length=60, blank=True, default="", help_text="silence:3, window:5, …")
    unmuted_at = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "event_key", "destination"], name="delivery_planned_once"
            )
        ]
        indexes = [
            *WorkItem.Meta.indexes,
            models.Index(fields=["workspace", "-id"], name="delivery_list"),
            models.Index(fields=["incident_id", "-id"], name="delivery_by_incident"),
            models.Index(
                fields=["channel", "incident_id"], name="delivery_open", condition=models.Q(state="pending")
            ),
            models.Index(
                fields=["workspace", "muted_by"],
                name="delivery_muted",
                condition=models.Q(outcome="muted", unmuted_at__isnull=True),
            ),
            models.Index(fields=["channel", "settled_at"], name="delivery_settled"),
        ]
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.event_kind} to {self.label}"

    @property
    def is_page(self) -> bool:
        """Whether it is a page, which is never merged, held or throttled."""
        return self.priority == 0

    @property
    def is_to_account(self) -> bool:
        """Whether it goes to a person's verified account address, without a verified contact method."""
        return self.destination.startswith("account:")


class DeliveryAttempt(WorkspaceScoped):
    """One attempt to send, stored before the call and updated after it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempt_log")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=12, blank=True, default="")
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    detail = models.CharField(max_length=2000, blank=True, default="")

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="delivery_attempt_number_once")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.result or 'running'}"
