"""Response policies, recovery watches and health checks."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Component, Incident
from incidents.vocabulary import Severity

MIN_WINDOW_S = 10
MAX_WINDOW_S = 3_600
DEFAULT_WINDOW_S = 300


def every_severity() -> list[str]:
    """All severities."""
    return list(Severity.values)


def minor_severities() -> list[str]:
    """sev3 and sev4."""
    return [Severity.SEV3.value, Severity.SEV4.value]


class ResponsePolicy(WorkspaceScoped):
    """Severities for automatic low-risk actions and for automatic resolution of recovered incidents.

    Without a row the defaults apply. `recovery_window_s`: how long exit criteria must hold.
    """

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="+")
    auto_start = ArrayField(models.CharField(max_length=4), default=every_severity, blank=True)
    auto_resolve = ArrayField(models.CharField(max_length=4), default=minor_severities, blank=True)
    recovery_window_s = models.PositiveIntegerField(
        default=DEFAULT_WINDOW_S,
        validators=[MinValueValidator(MIN_WINDOW_S), MaxValueValidator(MAX_WINDOW_S)],
    )

    class Meta(WorkspaceScoped.Meta):
        verbose_name_plural = "response policies"

    def __str__(self) -> str:
        return f"response policy of workspace {self.workspace_id}"


class RecoveryWatch(WorkspaceScoped, WorkItem):
    """An incident whose exit criteria are evaluated periodically during the recovery stage.

    `since`: evidence counts from then on, which is after the last action ended. `enters`: after a run, move
    the incident to recovery unless its responders are investigating.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    enters = models.BooleanField(default=False)

    class Meta(WorkItem.Meta, WorkspaceScoped.Meta):
        verbose_name_plural = "recovery watches"

    def __str__(self) -> str:
        return f"recovery of incident {self.incident_id}"


class HealthProbe(WorkspaceScoped, WorkItem):
    """The health check of a component of a watched incident, run every few seconds."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    component = models.ForeignKey(Component, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    passes = models.PositiveIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkItem.Meta, WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "component"], name="probe_once_an_incident")
        ]

    def __str__(self) -> str:
        return f"health of component {self.component_id}"
