"""Action items: follow-up work of incidents."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Incident
from postmortems.documents.models import Postmortem
from postmortems.learning.models import Priority
from postmortems.trackers.links import OutsideLink


class ItemStatus(models.TextChoices):
    """Status of an action item."""

    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"


class ItemKind(models.TextChoices):
    """Purpose of an action item."""

    PREVENT = "prevent", "Prevent"
    DETECT = "detect", "Detect"
    RESPOND = "respond", "Respond"
    MITIGATE = "mitigate", "Mitigate"
    DOCUMENT = "document", "Document"


UNFINISHED: Final = (ItemStatus.OPEN, ItemStatus.IN_PROGRESS)


class ActionItemCounter(models.Model):
    """The last number given to an action item of a workspace; its row lock keeps numbers unique."""

    workspace = models.OneToOneField(Workspace, primary_key=True, on_delete=models.CASCADE)
    last_number = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.workspace}: {self.last_number}"


class ActionItem(WorkspaceScoped):
    """An action item, shown as `ACT-<number>`. `version` grows with every change."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="action_items")
    postmortem = models.ForeignKey(
        Postmortem, null=True, blank=True, on_delete=models.SET_NULL, related_name="action_items"
    )
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    assignee = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="action_items"
    )
    status = models.CharField(max_length=12, choices=ItemStatus.choices, default=ItemStatus.OPEN)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.MEDIUM)
    kind = models.CharField(max_length=8, choices=ItemKind.choices, default=ItemKind.PREVENT)
    due_date = models.DateField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_reason = models.CharField(max_length=500, blank=True)
    reopened_reason = models.CharField(max_length=500, blank=True)
    reopened_count = models.PositiveSmallIntegerField(default=0)
    status_at = models.DateTimeField(null=True, blank=True)
    outside_url = models.URLField(max_length=500, blank=True, default="", db_default="")
    outside_system = models.CharField(max_length=10, blank=True, default="", db_default="")
    outside_key = models.CharField(max_length=300, blank=True, default="", db_default="")
    outside_state = models.CharField(max_length=12, blank=True, default="", db_default="")
    outside_at = models.DateTimeField(null=True, blank=True)
    request_key = models.CharField(max_length=64, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_by_label = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "number"], name="action_item_number_once"),
            models.UniqueConstraint(
                fields=["workspace", "request_key"],
                condition=~Q(request_key=""),
                name="action_item_requested_once",
            ),
            models.UniqueConstraint(
                fields=["workspace", "outside_system", "outside_key"],
                condition=~Q(outside_key=""),
                name="outside_issue_linked_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "assignee", "due_date"],
                condition=Q(status__in=["open", "in_progress"]),
                name="action_items_unfinished",
            ),
            models.Index(fields=["workspace", "-number"], name="action_item_list"),
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.title}"

    @property
    def reference(self) -> str:
        """`ACT-17`."""
        return f"ACT-{self.number}"

    @property
    def is_unfinished(self) -> bool:
        """Whether it is open or in progress."""
        return self.status in UNFINISHED

    @property
    def outside_shown(self) -> str:
        """Label of the linked issue: `acme/shop#42`."""
        return OutsideLink(self.outside_system, self.outside_key, self.outside_url).shown

    def is_overdue(self, today: date) -> bool:
        """Whether it is unfinished and was due before `today`."""
        return self.is_unfinished and self.due_date is not None and self.due_date < today
