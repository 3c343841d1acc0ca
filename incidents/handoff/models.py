"""Offers to hand off a role."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident
from incidents.vocabulary import ResponseRole


class RoleOffer(WorkspaceScoped, WorkItem):
    """One holder's offer of a role to another member; `due_at` is when it expires.

    `card` is the state of the incident when the offer was made: impact, open checklist items, due clocks.
    """

    class Answer(models.TextChoices):
        PENDING = "pending", "Pending"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="role_offers")
    role = models.CharField(max_length=12, choices=ResponseRole.choices)
    from_user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    to_user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    card: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    answer = models.CharField(max_length=10, choices=Answer.choices, default=Answer.PENDING)
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkItem.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"],
                condition=models.Q(answer="pending"),
                name="one_pending_offer_per_role",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} offered to user {self.to_user_id}: {self.answer}"
