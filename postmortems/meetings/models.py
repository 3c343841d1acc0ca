"""Mails about postmortem meetings: invitation, update, cancellation."""

from __future__ import annotations

from django.db import models

from accounts.models import User, Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from postmortems.documents.models import Postmortem


class MeetingMail(WorkspaceScoped, WorkItem):
    """A mail of one state of a meeting to one person; unique, so that it is sent once.

    `sequence` is that of the calendar event; if the meeting changed since, the row is settled unsent.
    """

    class Method(models.TextChoices):
        REQUEST = "REQUEST", "Invitation or update"
        CANCEL = "CANCEL", "Cancellation"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="meeting_mails")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    sequence = models.PositiveIntegerField()
    method = models.CharField(max_length=7, choices=Method.choices)
    was_sent = models.BooleanField(default=False)

    class Meta(WorkItem.Meta):
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "user", "sequence"], name="meeting_mailed_once")
        ]
        indexes = [*WorkItem.Meta.indexes]

    def __str__(self) -> str:
        return f"{self.method} {self.sequence} of the meeting of postmortem {self.postmortem_id}"
