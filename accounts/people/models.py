"""Invitation mails, with links of their own that verify the address."""

from __future__ import annotations

from django.db import models

from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped


class InvitationMail(WorkspaceScoped, WorkItem):
    """The mail of an invitation. Its secret differs from the one that the inviting admin sees.

    `sealed_secret` is empty once the mail was sent; `digest` finds the invitation of a link.
    """

    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    invitation = models.OneToOneField("accounts.Invitation", on_delete=models.CASCADE, related_name="mail")
    digest = models.CharField(max_length=64, unique=True)
    sealed_secret = models.TextField(blank=True)

    class Meta(WorkspaceScoped.Meta, WorkItem.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"mail of {self.invitation}"
