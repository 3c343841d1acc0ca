"""Drills: exercises with an incident of their own, and their participants."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident
from incidents.vocabulary import IncidentType, Severity


class Drill(WorkspaceScoped):
    """An exercise: planned, joined, started (which opens its incident), and over when that is resolved.

    `brief`: the problem as described to the participants.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200)
    incident_type = models.CharField(max_length=40, choices=IncidentType.choices)
    severity = models.CharField(max_length=4, choices=Severity.choices)
    component = models.CharField(max_length=200, blank=True)
    brief = models.TextField(blank=True)
    incident = models.OneToOneField(
        Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="drill"
    )
    planned_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    planned_label = models.CharField(max_length=150)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        indexes = [models.Index(fields=["workspace", "-id"], name="drill_history")]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> str:
        """Return `planned`, `running`, `over` or `cancelled`."""
        if self.cancelled_at is not None:
            return "cancelled"
        if self.incident is None:
            return "planned"
        return "running" if self.incident.is_unresolved else "over"


class DrillParticipant(WorkspaceScoped):
    """A participant of a drill; only these and the holders of its roles are notified."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    drill = models.ForeignKey(Drill, on_delete=models.CASCADE, related_name="participants")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["drill", "user"], name="drill_joined_once")]

    def __str__(self) -> str:
        return f"user {self.user_id} in drill {self.drill_id}"
