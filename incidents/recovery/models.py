"""Results of exit criteria, automatic resolutions, and reviews of detected incidents."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class CriterionResult(WorkspaceScoped):
    """The latest result of one exit criterion for one incident."""

    class Verdict(models.TextChoices):
        PASSED = "pass", "Pass"
        FAILED = "fail", "Fail"
        UNKNOWN = "unknown", "Unknown"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="criterion_results")
    criterion = models.CharField(max_length=60)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    why = models.CharField(max_length=500)
    is_positive = models.BooleanField(default=False)
    is_measured = models.BooleanField(default=True)
    since = models.DateTimeField()
    checked_at = models.DateTimeField()

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "criterion"], name="criterion_once_an_incident")
        ]

    def __str__(self) -> str:
        return f"{self.criterion} of incident {self.incident_id}: {self.verdict}"


class AutoResolution(WorkspaceScoped):
    """An incident that Tocsin resolved because it observed the recovery.

    `by_action`: a remediation run was carried out and no person changed anything but the acknowledgement. It
    counts while the incident's `resolved_at` is still this one.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="auto_resolution")
    resolved_at = models.DateTimeField()
    by_action = models.BooleanField(default=False)
    signs = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"incident {self.incident_id} resolved by Tocsin"


class IncidentVerdict(WorkspaceScoped):
    """Review of a detected incident by a person: real problem or false positive."""

    class Verdict(models.TextChoices):
        REAL = "real", "Real problem"
        FALSE_POSITIVE = "false_positive", "False positive"

    class Reason(models.TextChoices):
        THRESHOLD = "threshold_too_low", "The threshold is too low"
        MAINTENANCE = "maintenance", "Planned maintenance"
        TEST = "test_traffic", "Test traffic"
        MONITORING = "monitoring_fault", "The monitoring was wrong"
        DUPLICATE = "duplicate", "Duplicate of another incident"
        OTHER = "other", "Something else"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="verdict")
    verdict = models.CharField(max_length=14, choices=Verdict.choices)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    note = models.CharField(max_length=500, blank=True)
    reviewed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reviewed_label = models.CharField(max_length=150)
    reviewed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"incident {self.incident_id}: {self.verdict}"
