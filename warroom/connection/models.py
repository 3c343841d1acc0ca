"""Connected Slack teams, and links between members and Slack users."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.secrets.encryption import decrypt
from core.secrets.live_values import LiveSecret
from core.tenancy import WorkspaceScoped


class SlackTeam(WorkspaceScoped):
    """A Slack team connected to a workspace, with encrypted credentials and their state.

    Rooms are opened in the default team of a workspace; all its teams have announcements and `/incident`.
    One Slack team may be connected to several workspaces. `socket_seen_at`: when Socket Mode last worked.
    `paused` maps a method to the end of its rate limit (seconds since 1970).
    `announce_fault`: why posting to the announcement channel fails; empty while it works.
    """

    class State(models.TextChoices):
        UNCHECKED = "unchecked", "Not checked"
        OK = "ok", "Connected"
        DEGRADED = "degraded", "Permission missing"
        REVOKED = "revoked", "Token refused"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    is_default = models.BooleanField(default=True)
    slack_id = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=120, blank=True)
    url = models.URLField(max_length=200, blank=True)
    bot_user_id = models.CharField(max_length=32, blank=True)
    bot_id = models.CharField(max_length=32, blank=True)
    bot_token = models.TextField(blank=True, editable=False)
    signing_secret = models.TextField(blank=True, editable=False)
    app_token = models.TextField(blank=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    announce_channel = models.CharField(max_length=80, blank=True)
    announce_fault = models.CharField(max_length=300, blank=True, default="", db_default="")
    opens_rooms = models.BooleanField(default=True)
    archive_days = models.PositiveSmallIntegerField(default=7)
    state = models.CharField(max_length=10, choices=State.choices, default=State.UNCHECKED)
    reason = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    last_accepted_at = models.DateTimeField(null=True, blank=True)
    last_refused_at = models.DateTimeField(null=True, blank=True)
    last_refused_why = models.CharField(max_length=200, blank=True)
    socket_seen_at = models.DateTimeField(null=True, blank=True)
    socket_fault = models.CharField(max_length=200, blank=True)
    paused = models.JSONField(default=dict, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["workspace"], condition=models.Q(is_default=True), name="slack_team_default_once"
            ),
            models.UniqueConstraint(
                fields=["workspace", "slack_id"], condition=~models.Q(slack_id=""), name="slack_team_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Slack team {self.name or self.slack_id or 'not checked'}"

    @property
    def token(self) -> str:
        """The decrypted bot token, or ""."""
        return decrypt(self.bot_token) if self.bot_token else ""

    @property
    def signing_secrets(self) -> tuple[str, ...]:
        """The current signing secret and, while it is being replaced, the previous one."""
        return LiveSecret.from_encrypted(self.signing_secret).values

    def channel_url(self, channel_id: str) -> str:
        """Address of a channel in Slack."""
        return f"{self.url.rstrip('/') or 'https://app.slack.com'}/archives/{channel_id}"


class SlackUser(WorkspaceScoped):
    """A link between a Slack user and a member."""

    class How(models.TextChoices):
        EMAIL = "email", "Verified e-mail address"
        LINK = "link", "Their own link"
        ADMIN = "admin", "Linked by an admin"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(SlackTeam, on_delete=models.CASCADE, related_name="people")
    slack_id = models.CharField(max_length=32)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    how = models.CharField(max_length=8, choices=How.choices)
    linked_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(fields=["team", "slack_id"], name="slack_user_once"),
            models.UniqueConstraint(fields=["team", "user"], name="slack_member_once"),
        ]

    def __str__(self) -> str:
        return f"{self.slack_id} is {self.user}"
