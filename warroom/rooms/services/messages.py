"""Plans the messages of a room: one for each timeline entry worth telling, in their order."""

from __future__ import annotations

from typing import Final

from incidents.models import TimelineEntry
from incidents.vocabulary import EntryKind
from warroom.inbound.models import SlackPin
from warroom.rooms.models import Room, RoomMessage

TOLD: Final = (
    EntryKind.ACKNOWLEDGED, EntryKind.STATUS_CHANGE, EntryKind.STAGE_CHANGE, EntryKind.SEVERITY_CHANGE,
    EntryKind.ROLE_ASSIGNED, EntryKind.UPDATE, EntryKind.MITIGATION, EntryKind.RESOLUTION, EntryKind.NOTE,
    EntryKind.REMEDIATION, EntryKind.SLA, EntryKind.POSTMORTEM,
)  # fmt: skip


def plan_messages(workspace_id: int, room: Room) -> None:
    """Plan what was written since the room was opened and is not planned yet.

    What was pinned in the room itself is not told there again.
    """
    planned = RoomMessage.objects.of(workspace_id).filter(room=room).values("entry_id")
    pinned = SlackPin.objects.of(workspace_id).filter(room=room, entry__isnull=False).values("entry_id")
    entries = TimelineEntry.objects.of(workspace_id).filter(
        incident_id=room.incident_id, id__gt=room.last_entry_id, kind__in=TOLD
    )
    new = entries.exclude(id__in=planned).exclude(id__in=pinned).order_by("id")
    lane = f"room:{room.pk}"
    rows = [
        RoomMessage(workspace_id=workspace_id, room=room, entry_id=pk, lane=lane)
        for pk in new.values_list("pk", flat=True)[:200]
    ]
    RoomMessage.objects.bulk_create(rows, ignore_conflicts=True)
