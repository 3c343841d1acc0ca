"""SLA targets per severity, and the running clocks of incidents as rows."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident
from incidents.vocabulary import Severity


class SlaPolicy(WorkspaceScoped):
    """Targets in minutes after detection; null means no target of that kind."""

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


class SlaClock(WorkspaceScoped, WorkItem):
    """One deadline of one incident: to acknowledge, to update stakeholders, or to resolve.

    `generation` grows each time the clock restarts (another severity, an update, a reopening). `due_at` is
    the next step: a warning at 80 % of the time, then a breach at `deadline`. `breaches` counts missed
    deadlines over all generations.
    """

    class Kind(models.TextChoices):
        ACKNOWLEDGE = "acknowledge", "Acknowledge"
        UPDATE = "update", "Stakeholder update"
        RESOLVE = "resolve", "Resolve"

    class Phase(models.TextChoices):
        RUNNING = "running", "Running"
        WARNED = "warned", "Warned"
        BREACHED = "breached", "Breached"
        MET = "met", "Met"
        STOPPED = "stopped", "Stopped"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    generation = models.PositiveIntegerField(default=1, db_default=1)
    started_at = models.DateTimeField()
    warn_at = models.DateTimeField()
    deadline = models.DateTimeField()
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.RUNNING)
    breaches = models.PositiveIntegerField(default=0, db_default=0)

    class Meta(WorkItem.Meta):
        constraints = [models.UniqueConstraint(fields=["incident", "kind"], name="one_clock_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of incident {self.incident_id}: {self.phase}"
