"""Plans the messages of a room or a thread: one per relevant timeline entry, in order, and notices."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now

from core.queue.models import WorkItem
from core.queue.runner import nudge_queue
from incidents.models import TimelineEntry
from incidents.vocabulary import EntryKind
from warroom.inbound.models import SlackPin
from warroom.queues import SLACK
from warroom.rooms.models import Announcement, Room, RoomMessage

POSTED_KINDS: Final = (
    EntryKind.ACKNOWLEDGED, EntryKind.STATUS_CHANGE, EntryKind.STAGE_CHANGE, EntryKind.SEVERITY_CHANGE,
    EntryKind.ROLE_ASSIGNED, EntryKind.UPDATE, EntryKind.MITIGATION, EntryKind.RESOLUTION, EntryKind.NOTE,
    EntryKind.REMEDIATION, EntryKind.SLA, EntryKind.POSTMORTEM,
)  # fmt: skip
MAX_PLANNED: Final = 200


def plan_messages(workspace_id: int, room: Room) -> None:
    """Plan messages for new entries since the room was opened.

    Entries pinned in the room itself are not posted there again.
    """
    pinned = SlackPin.objects.of(workspace_id).filter(room=room, entry__isnull=False).values("entry_id")
    entries = TimelineEntry.objects.of(workspace_id).filter(
        incident_id=room.incident_id, id__gt=room.last_entry_id
    )
    _plan(workspace_id, entries.exclude(id__in=pinned), room=room, lane=f"room:{room.pk}")


def plan_thread(workspace_id: int, announcement: Announcement) -> None:
    """Plan messages for new entries since the announcement, for its thread. Replies are not posted again."""
    entries = TimelineEntry.objects.of(workspace_id).filter(
        incident_id=announcement.incident_id, id__gt=announcement.last_entry_id
    )
    _plan(workspace_id, entries, announcement=announcement, lane=f"thread:{announcement.pk}")


def plan_notice(
    workspace_id: int, incident_id: int, *, key: str, text: str = "", run_id: int | None = None
) -> None:
    """Plan a notice in the room, else in the thread; an existing one is updated."""
    place = _place(workspace_id, incident_id)
    if place is None:
        return
    with transaction.atomic():
        rows = RoomMessage.objects.of(workspace_id)
        values = {"workspace_id": workspace_id, "text": text, "run_id": run_id, **place}
        made, is_new = rows.get_or_create(key=key, defaults=values)
        if not is_new and made.run_id is not None:
            fresh = {"state": WorkItem.State.PENDING, "attempts": 0, "due_at": Now(), "settled_at": None}
            rows.filter(pk=made.pk).exclude(state=WorkItem.State.PENDING).update(**fresh)
        nudge_queue(SLACK)


def has_notice(workspace_id: int, key: str) -> bool:
    """Whether a message with this key was planned."""
    return bool(RoomMessage.objects.of(workspace_id).filter(key=key).exists())


def main_announcement(workspace_id: int, incident_id: int) -> Announcement | None:
    """The announcement whose thread is used: that of the default team, else the first."""
    rows = Announcement.objects.of(workspace_id).filter(incident_id=incident_id)
    found: Announcement | None = rows.order_by("-team__is_default", "id").first()
    return found


def _place(workspace_id: int, incident_id: int) -> dict[str, Any] | None:
    """The room of an incident, else the announcement with its thread, and the lane."""
    room = Room.objects.of(workspace_id).filter(incident_id=incident_id).first()
    if room is not None:
        return {"room": room, "lane": f"room:{room.pk}"}
    found = main_announcement(workspace_id, incident_id)
    return {"announcement": found, "lane": f"thread:{found.pk}"} if found is not None else None


def _plan(workspace_id: int, entries: Any, *, lane: str, **place: Any) -> None:
    planned = RoomMessage.objects.of(workspace_id).filter(**place, entry__isnull=False).values("entry_id")
    new = entries.filter(kind__in=POSTED_KINDS).exclude(id__in=planned).order_by("id")
    rows = [
        RoomMessage(workspace_id=workspace_id, entry_id=pk, key=f"entry:{pk}", lane=lane, **place)
        for pk in new.values_list("pk", flat=True)[:MAX_PLANNED]
    ]
    RoomMessage.objects.bulk_create(rows, ignore_conflicts=True)
