"""State and location of the archive of an incident."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class IncidentArchive(WorkspaceScoped, WorkItem):
    """The archive file of one incident in object storage.

    planned -> written (the file is stored) -> verified (read back and compared) -> archived (its rows are
    deleted here); restoring -> restored puts them back. Rows are deleted only in the step from verified to
    archived. `sha256` is of the stored file. No plan is made by age before `hold_until`.
    """

    class Phase(models.TextChoices):
        PLANNED = "planned", "Planned"
        WRITTEN = "written", "Written"
        VERIFIED = "verified", "Verified"
        ARCHIVED = "archived", "Archived"
        RESTORING = "restoring", "Restoring"
        RESTORED = "restored", "Restored"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="archive")
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.PLANNED)
    key = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    by_label = models.CharField(max_length=150, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    restored_at = models.DateTimeField(null=True, blank=True)
    hold_until = models.DateTimeField(null=True, blank=True)

    class Meta(WorkItem.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(phase="archived") | (~models.Q(key="") & ~models.Q(sha256="")),
                name="archived_has_a_file",
            )
        ]

    def __str__(self) -> str:
        return f"archive of {self.incident.reference}: {self.phase}"
