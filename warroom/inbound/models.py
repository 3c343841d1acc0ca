"""Requests from Slack and pinned messages."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import User, Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import TimelineEntry
from warroom.connection.models import SlackTeam
from warroom.rooms.models import Room


class SlackInbox(WorkspaceScoped, WorkItem):
    """A request from Slack, stored before it is acknowledged. `key` is the event id, else a SHA-256.

    The payload is encrypted: it may hold messages of people, and a response URL.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(SlackTeam, on_delete=models.CASCADE, related_name="inbox")
    key = models.CharField(max_length=80)
    kind = models.CharField(max_length=40)
    payload = models.TextField(editable=False)
    received_at = models.DateTimeField(db_default=Now())

    class Meta(WorkItem.Meta):
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="slack_request_once")]
        verbose_name = "Slack request"

    def __str__(self) -> str:
        return f"{self.kind} {self.key[:16]}"


class SlackPin(WorkspaceScoped):
    """A message of a room on the timeline; one row per message, however it was pinned.

    `picture_tries`: failed attempts to store its images; 0 if none is missing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="pins")
    message_ts = models.CharField(max_length=32)
    entry = models.ForeignKey(TimelineEntry, null=True, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    via = models.CharField(max_length=12)
    picture_tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(WorkspaceScoped.Meta):
        constraints = [models.UniqueConstraint(fields=["room", "message_ts"], name="slack_pin_once")]

    def __str__(self) -> str:
        return f"pin {self.message_ts} of room {self.room_id}"
