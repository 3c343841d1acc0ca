"""Workspace scoping: domain rows can only be queried through their workspace."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class UnscopedQueryError(RuntimeError):
    """A query was started without naming its workspace."""


class WorkspaceManager(models.Manager[M]):
    """Manager that opens queries with `of(workspace_id)` only.

    Everything else raises `UnscopedQueryError`.
    """

    def get_queryset(self) -> models.QuerySet[M]:
        raise UnscopedQueryError(f"{self.model.__name__}.objects needs a workspace: use .of(workspace_id)")

    def of(self, workspace_id: int) -> models.QuerySet[M]:
        """Return all rows of one workspace."""
        return super().get_queryset().filter(workspace_id=workspace_id)

    def create(self, **fields: Any) -> M:
        """Insert one row; the workspace must be among the fields."""
        if "workspace_id" not in fields and "workspace" not in fields:
            raise UnscopedQueryError(f"{self.model.__name__} needs a workspace to be created in")
        return super().get_queryset().create(**fields)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        """Insert many rows, each with its workspace set."""
        return super().get_queryset().bulk_create(objs, *args, **kwargs)


class WorkspaceScoped(models.Model):
    """A domain row. `objects` is scoped; `across_workspaces` is for the admin, migrations and sweepers."""

    across_workspaces: ClassVar[models.Manager[Any]] = models.Manager()
    objects: ClassVar[WorkspaceManager[Any]] = WorkspaceManager()

    class Meta:
        abstract = True
        default_manager_name = "across_workspaces"
