"""Work items: reminders of action items, and weekly digests of overdue ones."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from postmortems.action_items.models import ActionItem


class ReminderKind(models.TextChoices):
    """Time of a reminder relative to the due date."""

    BEFORE_7 = "before_7", "7 days before"
    BEFORE_1 = "before_1", "The day before"
    DUE = "due", "On the day"
    LATE_1 = "late_1", "1 day late"
    LATE_7 = "late_7", "7 days late"


class Reminder(WorkspaceScoped, WorkItem):
    """A reminder of a due date; unique, so that it is sent once."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    item = models.ForeignKey(ActionItem, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=10, choices=ReminderKind.choices)
    due_date = models.DateField()

    class Meta(WorkItem.Meta):
        constraints = [
            models.UniqueConstraint(fields=["item", "due_date", "kind"], name="item_reminded_once")
        ]
        indexes = [*WorkItem.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of item {self.item_id}"


class OverdueDigest(WorkspaceScoped, WorkItem):
    """The digest of overdue action items of one week, for managers. `week` is its Monday."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    week = models.DateField()

    class Meta(WorkItem.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "week"], name="overdue_digest_once_a_week")
        ]
        indexes = [*WorkItem.Meta.indexes]

    def __str__(self) -> str:
        return f"digest of {self.week}"
