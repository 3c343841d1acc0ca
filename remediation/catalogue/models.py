"""The action catalogue of a workspace, with immutable versions."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from remediation.vocabulary import ExecutorKind, Risk


class RemediationAction(WorkspaceScoped):
    """A version of an action. Changing an action creates a new version; runs refer to theirs.

    `version` is the SHA-256 of the content. `secrets` is encrypted and never shown again.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    slug = models.SlugField(max_length=60)
    version = models.CharField(max_length=64)
    is_current = models.BooleanField(default=True)
    is_enabled = models.BooleanField(default=True)
    name = models.CharField(max_length=100)
    when = models.CharField(max_length=300)
    risk = models.CharField(max_length=8, choices=Risk.choices)
    executor = models.CharField(max_length=12, choices=ExecutorKind.choices, default=ExecutorKind.MANUAL)
    incident_types = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    steps = models.JSONField(default=list, blank=True)
    config = models.JSONField(default=dict, blank=True)
    secrets = models.TextField(blank=True)
    timeout_s = models.PositiveIntegerField(default=60)
    health_url = models.CharField(max_length=500, blank=True)
    rollback = models.CharField(max_length=60, blank=True)
    cooldown_s = models.PositiveIntegerField(default=300)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=150, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "slug", "version"], name="action_version_once"),
            models.UniqueConstraint(
                fields=["workspace", "slug"], condition=Q(is_current=True), name="action_current_once"
            ),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="action_content_never_changes",
                exclude=["is_current", "is_enabled"],
            )
        ]

    def __str__(self) -> str:
        return self.name
