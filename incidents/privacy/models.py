"""People and machines invited to a private incident."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class InvitedPerson(WorkspaceScoped):
    """An invitation to a private incident; admins need none.

    `viewer` is that of `accounts.actor.Actor`: a person's id, or for a machine minus the id of its token.
    `user` is set for people, so that the row is deleted with the account.
    """

    class Reason(models.TextChoices):
        DECLARED = "declared", "Declared it"
        ROLE = "role", "Held a role"
        PAGED = "paged", "Was paged"
        INVITED = "invited", "Was invited"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="invited")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    viewer = models.BigIntegerField()
    reason = models.CharField(max_length=8, choices=Reason.choices, default=Reason.INVITED)
    invited_by = models.CharField(max_length=150, blank=True)
    invited_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        verbose_name_plural = "invited people"
        constraints = [models.UniqueConstraint(fields=["incident", "viewer"], name="invited_once")]
        indexes = [models.Index(fields=["workspace", "viewer"], name="invited_by_viewer")]

    def __str__(self) -> str:
        return f"{self.viewer} on incident {self.incident_id}"
