"""Contact methods and quiet hours of people."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped


class ContactMethod(WorkspaceScoped):
    """A person's email address, Slack user or apprise URL (encrypted); used once it is verified."""

    class Kind(models.TextChoices):
        EMAIL = "email", "Email"
        SLACK = "slack", "Slack"
        APPRISE = "apprise", "Other service (apprise)"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    address = models.TextField(editable=False)
    digest = models.CharField(max_length=64, editable=False)
    hint = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=1)
    verified_at = models.DateTimeField(null=True, blank=True)
    code_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    code_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "kind", "digest"], name="contact_method_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.hint}"


class QuietHours(WorkspaceScoped):
    """A person's quiet hours: notices wait, pages do not. Local times in the person's time zone."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    quiet_from = models.TimeField()
    quiet_until = models.TimeField()

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="quiet_hours_once")]
        verbose_name_plural = "quiet hours"

    def __str__(self) -> str:
        return f"{self.quiet_from:%H:%M}–{self.quiet_until:%H:%M}"
