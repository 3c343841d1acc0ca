"""Role assignments and their history."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident
from incidents.lifecycle.sort_keys import COMMANDER_FOLLOWS
from incidents.vocabulary import ResponseRole


class RoleAssignment(WorkspaceScoped):
    """One person holding one role from `assigned_at` until `ended_at` (null: current)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=12, choices=ResponseRole.choices)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="response_roles")
    assigned_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "role"],
                condition=models.Q(ended_at__isnull=True),
                name="one_holder_per_role",
            )
        ]
        indexes = [
            models.Index(
                fields=["user", "incident"], name="roles_held", condition=models.Q(ended_at__isnull=True)
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="commander_follows",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                condition=pgtrigger.Q(new__role=ResponseRole.COMMANDER.value),
                func=COMMANDER_FOLLOWS,
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.role}"
