"""Identity providers of a workspace."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from core.tenancy import WorkspaceScoped


class IdentityProvider(WorkspaceScoped):
    """An OpenID Connect provider whose people may sign in and are members of its workspace.

    `slug` is part of the callback URL. `allowed_domains`: of email addresses; empty: any. `group_roles`:
    role by a value of the claim `groups_claim`; the highest counts. `default_role`: of people in none of
    these groups; "" refuses them. `trusts_addresses`: every address counts as verified, for providers that
    send no `email_verified`.
    """

    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="identity_providers"
    )
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    server_url = models.URLField(max_length=300)
    client_id = models.CharField(max_length=200)
    sealed_secret = models.TextField()
    allowed_domains = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    groups_claim = models.CharField(max_length=60, default="groups", blank=True)
    group_roles = models.JSONField(default=dict, blank=True)
    default_role = models.CharField(max_length=12, blank=True, default="viewer")
    trusts_addresses = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="one_identity_provider_per_name")
        ]

    def __str__(self) -> str:
        return self.name
