"""Applies changes in Slack to the timeline: unpinned, edited, deleted and replied messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db.models import QuerySet

from accounts.actor import Actor, system_actor
from accounts.permissions import Capability, allowed
from incidents.models import EntryAmendment, TimelineEntry
from incidents.timeline.services.amendments import amend_entry
from warroom.connection.models import SlackTeam
from warroom.connection.people import member_actor
from warroom.inbound.models import SlackPin
from warroom.inbound.pinned import PUSHPIN, message_at, quoted
from warroom.inbound.services.pins import note_in_thread
from warroom.inbound.subject import actor_for, named, room_in
from warroom.rooms.models import Announcement, RoomMessage

UNPINNED: Final = "Unpinned in Slack."
DELETED: Final = "The message was deleted in Slack."
Kind = EntryAmendment.Kind


def wants_message(event: Mapping[str, Any]) -> bool:
    """Whether a message event may affect a timeline: edits, deletions and replies of people. Pure."""
    if event.get("subtype") in ("message_changed", "message_deleted"):
        return not (event.get("message") or event.get("previous_message") or {}).get("bot_id")
    is_reply = event.get("thread_ts") not in (None, event.get("ts"))
    return is_reply and not event.get("bot_id") and event.get("subtype") in (None, "thread_broadcast")


def follow_message(team: SlackTeam, event: Mapping[str, Any], key: str) -> str:
    """Apply an edit, a deletion, or a reply to an announcement. Raises Problem."""
    subtype, channel_id = event.get("subtype"), str(event.get("channel", ""))
    if subtype == "message_changed":
        follow_text(team, channel_id, event["message"])
        follow_reply(team, channel_id, event["message"])
    elif subtype == "message_deleted":
        ts, by = str(event.get("deleted_ts", "")), _author_of(event.get("previous_message") or {})
        pin = _pin_at(team, channel_id, ts)
        if pin is not None:
            _amend(team, pin.entry, by, Kind.WITHDRAWN, DELETED)
        withdraw_reply(team, channel_id, ts, by=by)
    elif wants_message(event):
        note_reply(team, event)
    return ""


def follow_text(team: SlackTeam, channel_id: str, message: Mapping[str, Any]) -> None:
    """Update the timeline entry of a message that was edited."""
    pin = _pin_at(team, channel_id, str(message.get("ts", "")))
    if pin is None or pin.entry is None:
        return
    text = quoted(team, message)
    if pin.entry.text != text:
        _amend(team, pin.entry, _author_of(message), Kind.REWORDED, text)


def follow_reply(team: SlackTeam, channel_id: str, message: Mapping[str, Any]) -> None:
    """Update the note of a reply that was edited."""
    entry, text = _reply_entry(team, channel_id, str(message.get("ts", ""))), str(message.get("text") or "")
    words = named(team, text.strip())
    if entry is not None and words and entry.text != words:
        _amend(team, entry, _author_of(message), Kind.REWORDED, words)


def withdraw_reply(team: SlackTeam, channel_id: str, ts: str, *, by: str = "") -> None:
    """Withdraw the note of a reply that was deleted."""
    _amend(team, _reply_entry(team, channel_id, ts), by, Kind.WITHDRAWN, DELETED)


def replies_in(team: SlackTeam, channel_id: str) -> QuerySet[RoomMessage]:
    """Replies to the announcements of a channel that are on a timeline."""
    found: QuerySet[RoomMessage] = RoomMessage.objects.of(team.workspace_id).filter(
        announcement__team=team, announcement__channel_id=channel_id, is_reply=True, entry__isnull=False
    )
    return found


def follow_unpinned(team: SlackTeam, event: Mapping[str, Any], key: str) -> str:
    """Withdraw the entry of a message when both its pin and its :pushpin: are removed."""
    item = event.get("item") or {}
    if event.get("type") == "reaction_removed" and event.get("reaction") != PUSHPIN:
        return ""
    ts = str(item.get("ts") or (item.get("message") or {}).get("ts") or "")
    channel_id = str(item.get("channel") or event.get("channel_id") or "")
    withdraw_unpinned(team, channel_id, ts, by=str(event.get("user", "")))
    return ""


def withdraw_unpinned(team: SlackTeam, channel_id: str, ts: str, *, by: str = "") -> None:
    """Withdraw the entry of a message that has neither a pin nor a :pushpin:."""
    pin = _pin_at(team, channel_id, ts)
    if pin is None or pin.via == "shortcut":
        return
    message = message_at(team, channel_id, ts)
    if message is None:
        _amend(team, pin.entry, by, Kind.WITHDRAWN, DELETED)
        return
    reactions = {one.get("name") for one in message.get("reactions") or ()}
    if not message.get("pinned_to") and PUSHPIN not in reactions:
        _amend(team, pin.entry, by, Kind.WITHDRAWN, UNPINNED)


def note_reply(team: SlackTeam, event: Mapping[str, Any]) -> None:
    """Add a reply to the announcement of an incident as a note. Raises NotLinked, Forbidden."""
    found = Announcement.objects.of(team.workspace_id).filter(team=team, channel_id=str(event.get("channel")))
    announcement: Announcement | None = found.filter(ts=str(event["thread_ts"])).first()
    text = str(event.get("text") or "").strip()
    if announcement is None or not text:
        return
    actor = actor_for(team, str(event.get("user", "")))
    note_in_thread(actor, announcement, ts=str(event["ts"]), text=named(team, text))


def _pin_at(team: SlackTeam, channel_id: str, ts: str) -> SlackPin | None:
    room = room_in(team, channel_id) if channel_id and ts else None
    if room is None:
        return None
    pins = SlackPin.objects.of(team.workspace_id).filter(room=room, message_ts=ts, entry__isnull=False)
    pin: SlackPin | None = pins.select_related("entry__incident").first()
    is_live = pin is not None and pin.entry is not None and pin.entry.withdrawn_at is None
    return pin if is_live else None


def _reply_entry(team: SlackTeam, channel_id: str, ts: str) -> TimelineEntry | None:
    rows = replies_in(team, channel_id).filter(ts=ts, entry__withdrawn_at=None)
    reply: RoomMessage | None = rows.select_related("entry__incident").first() if ts else None
    return reply.entry if reply is not None else None


def _author_of(message: Mapping[str, Any]) -> str:
    """Who last edited a message, else who wrote it."""
    return str((message.get("edited") or {}).get("user") or message.get("user") or "")


def _amend(
    team: SlackTeam, entry: TimelineEntry | None, slack_id: str, kind: EntryAmendment.Kind, text: str
) -> None:
    if entry is not None:
        number = entry.incident.number
        amend_entry(_author(team, slack_id), number=number, entry_id=entry.pk, kind=kind, message=text)


def _author(team: SlackTeam, slack_id: str) -> Actor:
    """The linked member if they may write, else Tocsin: the copy is updated in any case."""
    actor = member_actor(team, slack_id) if slack_id else None
    if actor is not None and allowed(actor, Capability.INCIDENTS_WRITE):
        return actor
    return system_actor(team.workspace_id)
