"""Bulk actions and the data to undo them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class BulkKind(models.TextChoices):
    """Kind of bulk action."""

    ACKNOWLEDGE = "acknowledge", "Acknowledge"
    ASSIGN = "assign", "Assign"
    RESOLVE = "resolve", "Resolve"


class Outcome(models.TextChoices):
    """Outcome for one incident. Empty: not tried."""

    DONE = "done", "Done"
    SAME = "same", "Unchanged"
    REFUSED = "refused", "Refused"


class BulkAction(WorkspaceScoped):
    """One action on up to 200 incidents. The audit trail has what happened; this has what undo needs.

    `request_key` (64 hex) is derived from actor, action and versions, so that a repeated request is one
    action. `made_by` is the actor's key; no one else sees or undoes it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=BulkKind.choices)
    made_by = models.CharField(max_length=200)
    request_key = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True, blank=True)
    options: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "request_key"], name="bulk_action_once")]
        indexes = [models.Index(fields=["workspace", "made_at"], name="bulk_action_age")]

    def __str__(self) -> str:
        return f"{self.kind} by {self.made_by}"


class BulkStep(WorkspaceScoped):
    """Outcome for one incident, written in the transaction that changed it.

    `version` is the incident's version afterwards, `before` its earlier values (name -> JSON), the latter
    only for changed incidents; `why` and `undo_why` are sentences for people.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    why = models.TextField(blank=True)
    version = models.PositiveIntegerField(null=True, blank=True)
    before: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    undo = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    undo_why = models.TextField(blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["action", "number"], name="bulk_step_once")]

    def __str__(self) -> str:
        return f"INC-{self.number}: {self.outcome}"
