"""Rooms of incidents with their setup steps, announcements, and messages to rooms."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Workspace
from core.queue.models import WorkItem
from core.tenancy import WorkspaceScoped
from incidents.models import Incident, TimelineEntry
from remediation.runs.models import RemediationRun
from warroom.connection.models import SlackTeam


class Room(WorkspaceScoped):
    """The Slack channel of one incident.

    `wanted_version` grows with every change of the card or topic; `shown_version` is what the card shows.
    `last_entry_id` is the newest timeline entry considered for the room. `topic` is what we set,
    `slack_topic` how Slack returned it: if it differs from the current one, a person changed it.
    """

    class State(models.TextChoices):
        OPENING = "opening", "Opening"
        OPEN = "open", "Open"
        NEEDS_HELP = "needs_help", "Needs repair"
        ARCHIVED = "archived", "Archived"
        LOST = "lost", "Not found in Slack"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="war_room")
    team = models.ForeignKey(SlackTeam, on_delete=models.CASCADE, related_name="rooms")
    channel_id = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=80, blank=True)
    is_private = models.BooleanField(default=False)
    card_ts = models.CharField(max_length=32, blank=True)
    topic = models.CharField(max_length=250, blank=True)
    slack_topic = models.CharField(max_length=1000, blank=True, default="", db_default="")
    wanted_version = models.PositiveIntegerField(default=1)
    shown_version = models.PositiveIntegerField(default=0)
    last_entry_id = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPENING)
    requested_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkspaceScoped.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["team", "channel_id"], condition=~models.Q(channel_id=""), name="room_channel_once"
            )
        ]
        indexes = [models.Index(fields=["workspace", "-created_at"], name="room_recent")]

    def __str__(self) -> str:
        return f"#{self.name or 'room'} of incident {self.incident_id}"

    @property
    def is_gone(self) -> bool:
        """Whether its channel no longer accepts messages."""
        return self.state in (self.State.ARCHIVED, self.State.LOST)

    @property
    def url(self) -> str:
        """Address of the channel in Slack, or "" before it exists."""
        return self.team.channel_url(self.channel_id) if self.channel_id else ""


class RoomStep(WorkspaceScoped, WorkItem):
    """A step that sets up or changes a room: one Slack call, or a few related ones.

    `argument` distinguishes steps of one kind, such as the user to invite or remove. `tried_at` is set before
    a call that must not be repeated blindly: after a lost response, the next attempt checks first.
    """

    class Kind(models.TextChoices):
        CREATE = "create", "Create the channel"
        PURPOSE = "purpose", "Set the description"
        TOPIC = "topic", "Set the topic"
        BOOKMARK = "bookmark", "Bookmark the incident page"
        CARD = "card", "Post the incident card"
        PIN = "pin", "Pin the card"
        INVITE = "invite", "Invite"
        REMOVE = "remove", "Remove"
        ARCHIVE = "archive", "Archive the channel"

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    argument = models.CharField(max_length=40, blank=True)
    label = models.CharField(max_length=150, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=64, blank=True)
    hint = models.CharField(max_length=300, blank=True)

    class Meta(WorkItem.Meta):
        constraints = [models.UniqueConstraint(fields=["room", "kind", "argument"], name="room_step_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.argument} of room {self.room_id}".replace("  ", " ")


class Announcement(WorkspaceScoped, WorkItem):
    """The announcement of an incident in a team's channel, posted once, then updated in place.

    Its thread replaces the room of an incident without one: entries after `last_entry_id` are posted there.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="announcements")
    team = models.ForeignKey(SlackTeam, on_delete=models.CASCADE, related_name="announcements")
    channel_id = models.CharField(max_length=80, blank=True)
    ts = models.CharField(max_length=32, blank=True)
    note = models.CharField(max_length=200, blank=True)
    last_entry_id = models.BigIntegerField(default=0)
    wanted_version = models.PositiveIntegerField(default=1)
    shown_version = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=64, blank=True)
    hint = models.CharField(max_length=300, blank=True)

    class Meta(WorkItem.Meta):
        constraints = [models.UniqueConstraint(fields=["incident", "team"], name="announcement_once_a_team")]

    def __str__(self) -> str:
        return f"announcement of incident {self.incident_id}"


class RoomMessage(WorkspaceScoped, WorkItem):
    """A message to the room of an incident, or to the thread of its announcement; ordered by lane.

    Its content is a timeline entry, a request to approve a run (updated in place), or a text. `key` is unique
    in the workspace. `is_reply`: a person wrote it in the thread, and its entry is kept in sync with it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.CASCADE, related_name="messages")
    announcement = models.ForeignKey(
        Announcement, null=True, blank=True, on_delete=models.CASCADE, related_name="replies"
    )
    entry = models.ForeignKey(
        TimelineEntry, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    run = models.ForeignKey(RemediationRun, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=80, blank=True)
    text = models.TextField(blank=True)
    is_reply = models.BooleanField(default=False, db_default=False)
    ts = models.CharField(max_length=32, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)

    class Meta(WorkItem.Meta):
        constraints = [
            models.UniqueConstraint(fields=["room", "entry"], name="room_message_once"),
            models.UniqueConstraint(
                fields=["workspace", "key"], condition=~models.Q(key=""), name="room_message_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.key or self.entry_id} to room {self.room_id or '(thread)'}"
