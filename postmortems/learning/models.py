"""Five whys and lessons of incidents."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import GeneratedField, Q
from django.db.models.functions import Now, Upper

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Component, Incident
from postmortems.documents.models import Postmortem


class Priority(models.TextChoices):
    """Priority of a lesson."""

    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    CRITICAL = "critical", "Critical"


class FiveWhys(WorkspaceScoped):
    """Five whys analysis of an incident; may exist before its postmortem."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="five_whys")
    facilitator = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        verbose_name_plural = "five whys"

    def __str__(self) -> str:
        return f"five whys of incident {self.incident_id}"


class FactorNode(WorkspaceScoped):
    """One why with its answer, or a contributing factor. A child asks why its parent's answer is so."""

    class Kind(models.TextChoices):
        WHY = "why", "Why"
        CONTRIBUTING_FACTOR = "contributing_factor", "Contributing factor"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    five_whys = models.ForeignKey(FiveWhys, on_delete=models.CASCADE, related_name="nodes")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.WHY)
    question = models.CharField(max_length=500, blank=True)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    answered_by_label = models.CharField(max_length=150, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    is_root_cause = models.BooleanField(default=False)
    evidence = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        indexes = [models.Index(fields=["five_whys", "position", "id"], name="factors_in_order")]

    def __str__(self) -> str:
        return self.question or self.answer[:80]


class Lesson(WorkspaceScoped):
    """A lesson, shown for similar incidents later.

    `is_released`: a lesson of a private incident may be shown elsewhere.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="lessons")
    postmortem = models.ForeignKey(
        Postmortem, null=True, blank=True, on_delete=models.SET_NULL, related_name="lessons"
    )
    lesson = models.CharField(max_length=500)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.MEDIUM)
    category = models.CharField(max_length=60, blank=True)
    component = models.ForeignKey(
        Component, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_released = models.BooleanField(default=False)
    author_label = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    search = GeneratedField(
        expression=SearchVector("lesson", "category", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "lesson"], name="lesson_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="lesson_list"),
            models.Index(
                fields=["workspace", "component"],
                condition=Q(component__isnull=False),
                name="lesson_component",
            ),
            GinIndex(fields=["search"], name="lesson_words"),
            GinIndex(OpClass(Upper("lesson"), name="gin_trgm_ops"), name="lesson_parts"),
        ]

    def __str__(self) -> str:
        return self.lesson[:80]
