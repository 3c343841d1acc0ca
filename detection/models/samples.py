"""The last body of a source that is read by a mapping, so that the mapping can be seen at work."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from detection.sources.models import Source


class SourceSample(WorkspaceScoped):
    """One body (at most 64 kB, decompressed), taken at most once a minute."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="sample")
    content_type = models.CharField(max_length=200, blank=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.body)} bytes of source {self.source_id}"
