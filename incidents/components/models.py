"""Components, and how incidents affect them."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models.functions import Now

from accounts.models import OnCallSchedule, User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident
from incidents.vocabulary import Impact


class Component(WorkspaceScoped):
    """What events name in `source` or `service`; created when first seen, under that exact name.

    `version` grows by one with every change people make. An archived one is left out of lists and pickers
    unless an open incident affects it. The service prevents dependency cycles.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="components")
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    tier = models.PositiveSmallIntegerField(default=3, help_text="1 is the most important")
    runbook_url = models.URLField(blank=True, max_length=500)
    health_url = models.URLField(blank=True, max_length=500, default="", db_default="")
    schedule = models.ForeignKey(
        OnCallSchedule, null=True, blank=True, on_delete=models.SET_NULL, related_name="components"
    )
    depends_on = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="dependents")
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="component_name_once")]
        indexes = [models.Index(fields=["workspace", "tier", "name", "id"], name="component_list")]

    newest_event_at: datetime | None  # set by `incidents.components.selectors` only

    def __str__(self) -> str:
        return self.name


class AffectedComponent(WorkspaceScoped):
    """A component affected by an incident, and its impact; `restored_at`: since when it works again."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="affected")
    component = models.ForeignKey(
        Component, on_delete=models.CASCADE, related_name="affected", db_index=False
    )
    impact = models.CharField(max_length=16, choices=Impact.choices, default=Impact.DEGRADED)
    restored_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "component"], name="component_affected_once")
        ]
        indexes = [models.Index(fields=["component", "incident"], name="affected_by_component")]

    def __str__(self) -> str:
        return f"{self.component}: {self.impact}"
