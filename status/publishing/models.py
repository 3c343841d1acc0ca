"""Published incidents, scheduled maintenance, and published maintenance windows."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Incident
from notifications.silences.models import MaintenanceWindow
from status.pages.models import PublicComponent, StatusPage


class PublicIncident(WorkspaceScoped):
    """An incident on the status page, from `published_at` until `withdrawn_at`.

    Without a `public_title`, one is generated from the names of public components. `allowed_entries`: ids of
    timeline entries that someone published although they look sensitive. `announced`: updates sent to
    subscribers.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="incidents")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="+")
    public_id = models.CharField(max_length=12, editable=False)
    public_title = models.CharField(max_length=120, blank=True)
    published_at = models.DateTimeField(db_default=Now())
    published_by = models.CharField(max_length=150)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    allowed_entries = ArrayField(models.BigIntegerField(), default=list, blank=True)
    announced = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident"], name="status_incident_once"),
            models.UniqueConstraint(fields=["public_id"], name="status_incident_id"),
        ]
        indexes = [models.Index(fields=["page", "-published_at"], name="status_incident_recent")]

    def __str__(self) -> str:
        return f"{self.public_id} of incident {self.incident_id}"


class PublicWindow(WorkspaceScoped):
    """A maintenance window whose occurrences are published, with a public title."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="windows")
    window = models.OneToOneField(MaintenanceWindow, on_delete=models.CASCADE, related_name="+")
    public_title = models.CharField(max_length=120)
    components = models.ManyToManyField(PublicComponent, blank=True, related_name="+")

    def __str__(self) -> str:
        return self.public_title


class Maintenance(WorkspaceScoped):
    """Scheduled maintenance on the page; with `shown_window`, an occurrence of that window."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="maintenance")
    public_id = models.CharField(max_length=12, editable=False)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)
    components = models.ManyToManyField(PublicComponent, blank=True, related_name="+")
    shown_window = models.ForeignKey(
        PublicWindow, null=True, blank=True, on_delete=models.CASCADE, related_name="occurrences"
    )
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())
    announced = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["public_id"], name="status_maintenance_id"),
            models.UniqueConstraint(
                fields=["shown_window", "starts_at"], name="status_maintenance_of_window_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")), name="status_maintenance_ends_later"
            ),
        ]
        indexes = [models.Index(fields=["page", "-starts_at"], name="status_maintenance_recent")]

    def __str__(self) -> str:
        return self.title
