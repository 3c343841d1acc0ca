"""The analysis of an incident: category, suggested severity, summary and advice, as revisions."""

from __future__ import annotations

from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.analysis.draft import MAX_ESSENCE_CHARS, MAX_MODEL_SUMMARY_CHARS
from incidents.lifecycle.models import Incident
from incidents.vocabulary import Category, Severity


class Author(models.TextChoices):
    """Author of an analysis."""

    OFFLINE = "offline", "Built-in rules"
    MODEL = "llm", "Language model"


class Analysis(WorkspaceScoped):
    """One revision of the analysis of an incident. The newest revision is the current one; none is changed.

    `author` and `model` identify who wrote it, `rules_digest` the rules that were used. `advice` holds
    objects with `text` and `slug`; `evidence` says why the category was chosen; `cause` what is known of the
    root cause. `event_count`: number of events it is based on. `sent_text`: the request to the language
    model, word for word; "" for the built-in rules.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="analyses", db_index=False)
    revision = models.PositiveIntegerField()
    author = models.CharField(max_length=10, choices=Author.choices, default=Author.OFFLINE)
    model = models.CharField(max_length=200, blank=True)
    rules_digest = models.CharField(max_length=64, blank=True)
    category = models.CharField(max_length=40, choices=Category.choices)
    severity = models.CharField(max_length=4, choices=Severity.choices)
    severity_reason = models.CharField(max_length=300)
    summary = models.CharField(max_length=MAX_MODEL_SUMMARY_CHARS)
    advice: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    evidence: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    cause: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    event_count = models.PositiveBigIntegerField(default=0)
    sent_text = models.TextField(blank=True, default="", db_default="")
    input_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "revision"], name="analysis_revision_once"),
            models.UniqueConstraint(
                fields=["incident", "author", "input_digest"], name="analysis_once_per_input"
            ),
        ]
        triggers = [pgtrigger.Protect(name="analysis_never_changes", operation=pgtrigger.Update)]
        verbose_name_plural = "analyses"

    def __str__(self) -> str:
        return f"analysis {self.revision} of incident {self.incident_id}: {self.category}"


class IncidentEssence(WorkspaceScoped):
    """Features for comparing an incident with others: the shapes of its messages and its words."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="essence")
    shapes = ArrayField(models.BigIntegerField(), default=list, blank=True)
    essence = models.CharField(max_length=MAX_ESSENCE_CHARS, blank=True)
    correlations = ArrayField(models.BigIntegerField(), default=list, blank=True, db_default=[])

    class Meta(WorkspaceScoped.Meta):
        indexes = [GinIndex(fields=["shapes"], name="essence_shapes")]
        verbose_name_plural = "incident essences"

    def __str__(self) -> str:
        return f"essence of incident {self.incident_id}: {len(self.shapes)} shapes"
