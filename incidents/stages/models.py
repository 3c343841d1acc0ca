"""Stage checklists: the templates of a workspace, and each incident's copies."""

from __future__ import annotations

from typing import Any

from django.db import models

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident
from incidents.vocabulary import IncidentType, Stage


class StageTemplate(WorkspaceScoped):
    """Checklist and planned minutes of one stage, for one incident type or, with none, for all others.

    `items` is a list of objects: text, kind (action, check or exit), is_required, criterion.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=14, choices=Stage.choices)
    incident_type = models.CharField(max_length=40, choices=IncidentType.choices, blank=True, default="")
    from_minutes = models.PositiveIntegerField(default=0)
    to_minutes = models.PositiveIntegerField(default=0)
    items: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "incident_type", "stage"], name="one_template_per_stage_and_type"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage} for {self.incident_type or 'every type'}"


class StageVisit(WorkspaceScoped):
    """When an incident entered and left one stage, or why the stage was skipped."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="stage_visits")
    stage = models.CharField(max_length=14, choices=Stage.choices)
    entered_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    skipped_at = models.DateTimeField(null=True, blank=True)
    skip_reason = models.TextField(blank=True, default="")
    from_minutes = models.PositiveIntegerField(default=0)
    to_minutes = models.PositiveIntegerField(default=0)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["incident", "stage"], name="one_visit_per_stage")]

    def __str__(self) -> str:
        return f"{self.stage} of incident {self.incident_id}"


class ChecklistItem(WorkspaceScoped):
    """One item of an incident's checklist, copied from the template when the stage was entered."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="checklist")
    stage = models.CharField(max_length=14, choices=Stage.choices)
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=300)
    kind = models.CharField(max_length=8)
    is_required = models.BooleanField(default=False)
    criterion = models.CharField(max_length=60, blank=True, default="")
    ticked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    ticked_label = models.CharField(max_length=150, blank=True, default="")
    ticked_at = models.DateTimeField(null=True, blank=True)
    evidence: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "stage", "position"], name="one_item_per_stage_and_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.position}: {self.text}"
