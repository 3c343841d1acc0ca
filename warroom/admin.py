"""Read-only admin of Slack teams, rooms and requests, without secrets."""

from __future__ import annotations

from django.contrib import admin

from core.admin.base import ReadOnly
from warroom.models import (
    Announcement,
    Room,
    RoomMessage,
    RoomStep,
    SlackInbox,
    SlackPin,
    SlackTeam,
    SlackUser,
)


@admin.register(SlackTeam)
class SlackTeamAdmin(ReadOnly):
    list_display = ("name", "workspace", "slack_id", "state", "reason", "checked_at")
    list_filter = ("state",)
    list_select_related = ("workspace",)


@admin.register(SlackUser)
class SlackUserAdmin(ReadOnly):
    list_display = ("slack_id", "user", "how", "linked_at")
    list_select_related = ("user",)
    search_fields = ("slack_id", "user__username")


@admin.register(Room)
class RoomAdmin(ReadOnly):
    list_display = ("name", "incident", "state", "wanted_version", "shown_version", "created_at")
    list_filter = ("workspace", "state")
    list_select_related = ("incident",)
    search_fields = ("name", "channel_id")


@admin.register(RoomStep)
class RoomStepAdmin(ReadOnly):
    list_display = ("room", "kind", "label", "state", "attempts", "code", "due_at")
    list_filter = ("workspace", "kind", "state")
    list_select_related = ("room",)


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnly):
    list_display = ("incident", "channel_id", "state", "code", "shown_version")
    list_filter = ("workspace", "state")
    list_select_related = ("incident",)


@admin.register(RoomMessage)
class RoomMessageAdmin(ReadOnly):
    list_display = ("key", "room", "announcement", "state", "attempts", "due_at")
    list_filter = ("workspace", "state")
    list_select_related = ("room", "announcement")


@admin.register(SlackInbox)
class SlackInboxAdmin(ReadOnly):
    list_display = ("kind", "team", "state", "attempts", "received_at", "last_error")
    list_filter = ("workspace", "state")
    list_select_related = ("team",)


@admin.register(SlackPin)
class SlackPinAdmin(ReadOnly):
    list_display = ("room", "message_ts", "via", "by", "created_at")
    list_select_related = ("room", "by")
