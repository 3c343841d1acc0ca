"""How fast each severity must be answered."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.vocabulary import Severity


class SlaPolicy(WorkspaceScoped):
    """Deadlines in minutes after detection; null means no clock of that kind."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="sla_policies")
    severity = models.CharField(max_length=4, choices=Severity.choices)
    acknowledge_within = models.PositiveIntegerField(help_text="minutes from detection")
    update_every = models.PositiveIntegerField(null=True, blank=True, help_text="minutes between updates")
    resolve_within = models.PositiveIntegerField(null=True, blank=True, help_text="minutes from detection")

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "severity"], name="one_policy_per_severity")
        ]
        verbose_name_plural = "SLA policies"

    def __str__(self) -> str:
        return f"{self.severity}: acknowledge within {self.acknowledge_within} min"
