"""Plans reconciliation of open rooms and threads with the timeline, periodically and after a gap."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import Q
from django.utils import timezone

from incidents.vocabulary import UNRESOLVED
from warroom.connection.models import SlackTeam
from warroom.inbound.services.inbox import store_request
from warroom.rooms.models import Announcement, Room

EVERY_S: Final = 300.0
MAX_ROOMS: Final = 500
# A room with a failed step is in use as well.
COMPARED: Final = (Room.State.OPEN, Room.State.OPENING, Room.State.NEEDS_HELP)
WORKING: Final = ~Q(team__bot_token="") & ~Q(team__state=SlackTeam.State.REVOKED)


def plan_reconciling(now: datetime) -> int:
    """Plan one request per open room and per thread of an active incident. Returns how many.

    Those of teams without a working token are planned once it works again.
    """
    slot = str(int(now.timestamp() // EVERY_S))
    rooms = Room.across_workspaces.filter(WORKING, state__in=COMPARED).exclude(channel_id="")
    found = list(rooms.select_related("team").order_by("-id")[:MAX_ROOMS])
    for room in found:
        _plan_room(room, room.team, slot)
    alone = Announcement.across_workspaces.filter(
        WORKING, incident__status__in=UNRESOLVED, incident__war_room__isnull=True
    ).exclude(ts="")
    threads = list(alone.select_related("team").order_by("-id")[:MAX_ROOMS])
    for thread in threads:
        _plan_thread(thread, thread.team, slot)
    return len(found) + len(threads)


def reconcile_after_gap(workspace_id: int, team: SlackTeam) -> int:
    """The same for one team that may have missed events. Returns how many."""
    slot = f"gap:{int(timezone.now().timestamp())}"
    rooms = Room.objects.of(workspace_id).filter(team=team, state__in=COMPARED).exclude(channel_id="")
    found = list(rooms.order_by("-id")[:MAX_ROOMS])
    for room in found:
        _plan_room(room, team, slot)
    alone = Announcement.objects.of(workspace_id).filter(
        team=team, incident__status__in=UNRESOLVED, incident__war_room__isnull=True
    )
    threads = list(alone.exclude(ts="").order_by("-id")[:MAX_ROOMS])
    for thread in threads:
        _plan_thread(thread, team, slot)
    return len(found) + len(threads)


def _plan_room(room: Room, team: SlackTeam, slot: str) -> None:
    key, payload = f"reconcile:{room.pk}:{slot}", {"channel": room.channel_id}
    store_request(room.workspace_id, team, kind="reconcile", key=key, payload=payload)


def _plan_thread(thread: Announcement, team: SlackTeam, slot: str) -> None:
    key, payload = f"thread:{thread.pk}:{slot}", {"channel": thread.channel_id, "thread_ts": thread.ts}
    store_request(thread.workspace_id, team, kind="reconcile", key=key, payload=payload)
