"""Status pages, their components and groups, and the history of component states."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Workspace
from core.tenancy import WorkspaceScoped
from incidents.models import Component
from status.vocabulary import Access, AutoPublish, ComponentState, Follows


class StatusPage(WorkspaceScoped):
    """The status page of a workspace, at `/status/<slug>`. `logo` holds a small PNG, JPEG or WebP image."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    slug = models.CharField(max_length=60)
    title = models.CharField(max_length=120)
    description = models.CharField(max_length=500, blank=True)
    color = models.CharField(max_length=7, default="#3a50c8")
    logo = models.BinaryField(default=bytes, blank=True)
    logo_type = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    access = models.CharField(max_length=8, choices=Access.choices, default=Access.PUBLIC)
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    auto_publish = models.CharField(max_length=6, choices=AutoPublish.choices, default=AutoPublish.NEVER)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace"], name="status_page_of_workspace"),
            models.UniqueConstraint(fields=["slug"], name="status_page_slug"),
        ]

    def __str__(self) -> str:
        return self.title


class ComponentGroup(WorkspaceScoped):
    """A group of public components."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["page", "name"], name="status_group_once")]

    def __str__(self) -> str:
        return self.name


class PublicComponent(WorkspaceScoped):
    """A component on the status page, with a public name. `manual_state` overrides incidents."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="components")
    group = models.ForeignKey(
        ComponentGroup, null=True, blank=True, on_delete=models.SET_NULL, related_name="components"
    )
    component = models.ForeignKey(
        Component, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    public_id = models.CharField(max_length=12, editable=False)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    follows = models.CharField(max_length=10, choices=Follows.choices, default=Follows.PUBLISHED)
    manual_state = models.CharField(max_length=20, choices=ComponentState.choices, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["page", "name"], name="status_component_name"),
            models.UniqueConstraint(fields=["public_id"], name="status_component_id"),
        ]

    def __str__(self) -> str:
        return self.name


class StateSpan(WorkspaceScoped):
    """A period in which a public component was in one state; `ends_at` is None for the current one."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    component = models.ForeignKey(PublicComponent, on_delete=models.CASCADE, related_name="spans")
    state = models.CharField(max_length=20, choices=ComponentState.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=40, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["component"], condition=Q(ends_at__isnull=True), name="status_span_open"
            )
        ]
        indexes = [models.Index(fields=["component", "-starts_at"], name="status_span_recent")]

    def __str__(self) -> str:
        return f"{self.component_id}: {self.state} since {self.starts_at:%Y-%m-%d %H:%M}"
