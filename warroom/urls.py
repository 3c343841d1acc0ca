"""URLs of the Slack settings, the rooms of incidents, and requests from Slack."""

from __future__ import annotations

from django.urls import path

from warroom.connection import views as connection
from warroom.inbound import views as inbound
from warroom.rooms import views as rooms

app_name = "warroom"
urlpatterns = [
    path("settings/slack", connection.slack, name="settings"),
    path("settings/slack/check", connection.check, name="check"),
    path("settings/slack/test", connection.test, name="test"),
    path("settings/slack/default", connection.default, name="default"),
    path("slack/link", connection.link_me, name="link_me"),
    path("settings/slack/disconnect", connection.remove, name="disconnect"),
    path("settings/slack/people", connection.link, name="link"),
    path("settings/slack/people/<int:pk>/unlink", connection.unlink, name="unlink"),
    path("slack/events", inbound.receive, name="events"),
    path("slack/commands", inbound.receive, name="commands"),
    path("slack/interactions", inbound.receive, name="interactions"),
    path("incidents/<str:reference>/war-room", rooms.open_room, name="room"),
    path("incidents/<str:reference>/war-room/repair", rooms.repair, name="repair"),
]
