"""Pictures attached to incidents."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.lifecycle.models import Incident


class Attachment(WorkspaceScoped):
    """One stored picture of an incident; its bytes are in object storage under `key`.

    They are the cleaned bytes, in the detected format, whatever the sender called it. The same picture of one
    incident is stored once.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    uploaded_label = models.CharField(max_length=150)
    uploaded_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["incident", "sha256"], name="attachment_once_per_incident")
        ]
        indexes = [models.Index(fields=["workspace", "incident", "id"], name="attachment_of_incident")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """Return the path of the picture, also used in Markdown."""
        return f"/attachments/{self.pk}"

    @property
    def markdown(self) -> str:
        """Return the Markdown that shows it in a note or a postmortem."""
        return f"![{self.name}]({self.path})"
