"""Diagnostic bundles and who looked into them."""

from __future__ import annotations

from typing import Any, Final

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Incident


class BundleStatus(models.TextChoices):
    """Where a bundle stands."""

    ANNOUNCED = "announced", "Not arrived yet"
    UPLOADED = "uploaded", "Waiting for inspection"
    READY = "ready", "Ready"
    QUARANTINED = "quarantined", "Quarantined"
    REJECTED = "rejected", "Rejected"
    EXPIRED = "expired", "Expired"
    DELETED = "deleted", "Deleted"


# Their file is in the storage, or on its way to it.
STORED: Final = (
    BundleStatus.ANNOUNCED, BundleStatus.UPLOADED, BundleStatus.READY, BundleStatus.QUARANTINED,
)  # fmt: skip


class Bundle(WorkspaceScoped):
    """One bundle. `public_id` was made by the collector; the same bundle is stored once.

    `why` says in words why it is quarantined or rejected. `is_stored`: whether the storage may hold its
    file. `hits` are places where the inspection found secrets: path, line, rule, never the text.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    public_id = models.UUIDField()
    incident = models.ForeignKey(
        Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="bundles"
    )
    summary = models.CharField(max_length=300, blank=True)
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=300)
    status = models.CharField(max_length=12, choices=BundleStatus.choices, default=BundleStatus.ANNOUNCED)
    why = models.CharField(max_length=500, blank=True)
    host = models.CharField(max_length=255, blank=True)
    os = models.CharField(max_length=40, blank=True)
    arch = models.CharField(max_length=40, blank=True)
    cli_version = models.CharField(max_length=40, blank=True)
    health = models.CharField(max_length=20, blank=True)
    is_dangerous = models.BooleanField(default=False)
    is_partial = models.BooleanField(default=False)
    is_stored = models.BooleanField(default=True)
    checks: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    facts: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    manifest: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    hits: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    levels: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    uploaded_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    uploaded_by_label = models.CharField(max_length=150, blank=True)
    token_id = models.BigIntegerField(null=True, blank=True)
    made_at = models.DateTimeField()
    announced_at = models.DateTimeField(db_default=Now())
    looked_at = models.DateTimeField(null=True, blank=True, help_text="When the storage was asked for it")
    received_at = models.DateTimeField(null=True, blank=True)
    inspected_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "public_id"], name="bundle_once")]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="bundles_newest"),
            models.Index(fields=["announced_at"], condition=Q(status="announced"), name="bundles_announced"),
            models.Index(
                fields=["expires_at"],
                condition=Q(status__in=["ready", "quarantined"]),
                name="bundles_expiring",
            ),
            models.Index(
                fields=["id"],
                condition=Q(is_stored=True, status__in=["rejected", "expired", "deleted"]),
                name="bundles_to_purge",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} {self.public_id}"

    @property
    def reference(self) -> str:
        """The incident it belongs to, as people write it."""
        return self.incident.reference if self.incident else ""


class BundleAccess(WorkspaceScoped):
    """Someone viewed, downloaded or changed a bundle. Append-only."""

    class What(models.TextChoices):
        VIEW = "view", "Viewed"
        LOG = "log", "Read a file"
        DOWNLOAD = "download", "Downloaded"
        ATTACH = "attach", "Attached"
        RELEASE = "release", "Released"
        DELETE = "delete", "Deleted"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="accesses")
    what = models.CharField(max_length=10, choices=What.choices)
    detail = models.CharField(max_length=500, blank=True)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    who = models.CharField(max_length=150)
    at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        verbose_name_plural = "bundle accesses"
        indexes = [models.Index(fields=["bundle", "-id"], name="bundle_accesses")]
        triggers = [
            pgtrigger.Protect(name="accesses_append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.what} {self.bundle_id}"
