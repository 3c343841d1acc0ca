"""Stores images of messages on the timeline, since Slack may delete or hide files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from accounts.actor import Actor, system_actor
from core.errors import Problem, Unavailable
from core.http.client import HttpPermanentError, request
from core.queue.retry import PassingError
from incidents.attachments.selectors import attachments_of
from incidents.attachments.services import MAX_BYTES, store_attachment
from incidents.models import Incident
from warroom.connection.models import SlackTeam, SlackUser
from warroom.connection.people import member_actor
from warroom.inbound.models import SlackPin
from warroom.inbound.pinned import message_at
from warroom.inbound.services.pins import note_picture_tries
from warroom.rooms.models import Room
from warroom.rooms.services.messages import plan_notice
from warroom.slack.text import escaped

MAX_IMAGES: Final = 20
MAX_TRIES: Final = 12
DOWNLOAD_S: Final = 20.0


def store_images(team: SlackTeam, actor: Actor, room: Room, message: Mapping[str, Any]) -> list[str]:
    """Store the images of a pinned message. Returns errors, which are also posted in the room.

    Temporary failures are retried for an hour, when the room is reconciled.
    """
    pins = SlackPin.objects.of(team.workspace_id).filter(room=room, message_ts=str(message.get("ts", "")))
    pin: SlackPin | None = pins.first()
    if pin is None or not has_images(message):
        return []
    try:
        faults = _store(team, actor, room.incident, message)
    except PassingError as error:
        tries = max(pin.picture_tries, 1)
        note_picture_tries(team.workspace_id, pin, tries + 1 if tries < MAX_TRIES else 0)
        if tries < MAX_TRIES:
            return [f"An image was not stored yet and will be retried: {error}"]
        faults = [f"An image was not stored after {MAX_TRIES} tries: {error}"]
    else:
        note_picture_tries(team.workspace_id, pin, 0)
    if faults:
        text = ":warning: " + escaped("\n".join(faults))
        plan_notice(team.workspace_id, room.incident_id, key=f"pictures:{pin.pk}", text=text)
    return faults


def retry_images(team: SlackTeam, room: Room) -> None:
    """Retry storing the missing images of a room."""
    pins = SlackPin.objects.of(team.workspace_id).filter(room=room, picture_tries__gt=0)
    for pin in pins.filter(entry__withdrawn_at=None).order_by("id")[:MAX_IMAGES]:
        message = message_at(team, room.channel_id, pin.message_ts)
        if message is None:
            note_picture_tries(team.workspace_id, pin, 0)
        else:
            store_images(team, _pinned_by(team, pin), room, message)


def has_images(message: Mapping[str, Any]) -> bool:
    """Whether a message has images stored in Slack."""
    return any(_is_image(file) for file in message.get("files") or ())


def _pinned_by(team: SlackTeam, pin: SlackPin) -> Actor:
    """The member who pinned a message, or Tocsin if they left."""
    link = SlackUser.objects.of(team.workspace_id).filter(team=team, user_id=pin.by_id or 0).first()
    return (member_actor(team, link.slack_id) if link else None) or system_actor(team.workspace_id)


def _store(team: SlackTeam, actor: Actor, incident: Incident, message: Mapping[str, Any]) -> list[str]:
    """Store the images of a message as attachments of the incident. Idempotent.

    Returns errors. Raises PassingError for those worth a retry.
    """
    faults = []
    for file in [one for one in message.get("files") or () if _is_image(one)][:MAX_IMAGES]:
        name = str(file.get("name") or "picture")
        if len(attachments_of(actor, incident)) >= MAX_IMAGES:
            faults.append(f"{name} was not stored: {incident.reference} has {MAX_IMAGES} pictures already.")
            continue
        try:
            store_attachment(actor, incident.number, name=name, body=_download(team, file))
        except Unavailable as error:
            raise PassingError(error.detail) from error
        except (Problem, HttpPermanentError) as error:
            faults.append(f"{name} was not stored: {getattr(error, 'detail', error)}")
    return faults


def _is_image(file: Mapping[str, Any]) -> bool:
    return str(file.get("mimetype", "")).startswith("image/") and _is_slack(str(file.get("url_private", "")))


def _is_slack(url: str) -> bool:
    """Whether the token may be sent there: only to Slack's file server."""
    api, requested = urlsplit(settings.SLACK_API_URL), urlsplit(url)
    return requested.scheme == api.scheme and requested.netloc in (f"files.{api.netloc}", api.netloc)


def _download(team: SlackTeam, file: Mapping[str, Any]) -> bytes:
    headers = {"Authorization": f"Bearer {team.token}"}
    url = str(file["url_private"])
    return request("GET", url, headers=headers, total_s=DOWNLOAD_S, max_bytes=MAX_BYTES).body
