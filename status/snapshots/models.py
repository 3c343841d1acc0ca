"""Pre-rendered status pages: one row per form, and the work item that renders them."""

from __future__ import annotations

from django.db import models

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from status.pages.models import StatusPage


class PageBuild(WorkspaceScoped, WorkItem):
    """Work item that renders a page, on every change and once a minute.

    `wanted` grows with every change; `built` is its value at the start of the last build. `version` grows
    with every build, and is checked by web processes.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.OneToOneField(StatusPage, on_delete=models.CASCADE, related_name="build")
    wanted = models.PositiveBigIntegerField(default=1)
    built = models.PositiveBigIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)
    built_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        pass

    def __str__(self) -> str:
        return f"Build {self.version} of page {self.page_id}"


class Snapshot(WorkspaceScoped):
    """A form of a page, such as `index`, `history.atom` or `api/v2/summary.json`, plain and compressed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="snapshots")
    form = models.CharField(max_length=80)
    content_type = models.CharField(max_length=60)
    etag = models.CharField(max_length=40)
    body = models.BinaryField()
    compressed = models.BinaryField()

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["page", "form"], name="status_snapshot_form")]

    def __str__(self) -> str:
        return f"{self.form} of page {self.page_id}"
