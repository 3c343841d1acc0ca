"""Approvals of a postmortem, and waivers."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from postmortems.documents.models import Postmortem


class ApprovalRole(models.TextChoices):
    """Role of a signature."""

    COMMANDER = "commander", "Incident Commander"
    TECH_LEAD = "tech_lead", "Technical Lead"
    MANAGER = "manager", "Manager"


class Approval(WorkspaceScoped):
    """A decision about a revision. A later change of text voids it; it is never deleted."""

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        CHANGES_REQUESTED = "changes_requested", "Changes requested"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="approvals")
    role = models.CharField(max_length=10, choices=ApprovalRole.choices)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    user_label = models.CharField(max_length=150)
    revision = models.PositiveIntegerField()
    decision = models.CharField(max_length=20, choices=Decision.choices)
    note = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by_revision = models.PositiveIntegerField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["postmortem", "role", "revision"], name="approval_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_label} as {self.role}: {self.decision}"


class Waiver(WorkspaceScoped):
    """A waiver of a required section, a signature or an action item, with the reason.

    `subject` is `section:<key>`, `role:<role>` or `item:<number>`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    postmortem = models.ForeignKey(Postmortem, on_delete=models.CASCADE, related_name="waivers")
    subject = models.CharField(max_length=80)
    reason = models.CharField(max_length=500)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    user_label = models.CharField(max_length=150)
    at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["postmortem", "subject"], name="waived_once")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason[:60]}"
