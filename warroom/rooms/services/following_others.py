"""Plans Slack work for events of remediation runs and postmortems. Only writes rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from core.queue.runner import nudge_queue
from postmortems.documents.models import Comment
from remediation.vocabulary import RunState
from warroom.queues import SLACK
from warroom.rooms.models import Room, RoomStep
from warroom.rooms.services.following import follow_entries
from warroom.rooms.services.messages import has_notice, plan_notice
from warroom.rooms.services.planning import postmortem_bookmark
from warroom.slack.text import cut, escaped

MAX_COMMENT_CHARS: Final = 1000


def follow_run(workspace_id: int, payload: Mapping[str, Any]) -> None:
    """Ask for approval of a run in the room or thread, or update an earlier request."""
    key = f"run:{payload['run_id']}"
    if payload["state"] == RunState.AWAITING_APPROVAL or has_notice(workspace_id, key):
        plan_notice(workspace_id, payload["incident_id"], key=key, run_id=payload["run_id"])
    follow_entries(workspace_id, payload["incident_id"])


def follow_postmortem(workspace_id: int, topic: str, payload: Mapping[str, Any], event_id: int) -> None:
    """Bookmark a postmortem and post that it was drafted, commented on, sent to review or published."""
    incident_id = payload["incident_id"]
    room: Room | None = Room.objects.of(workspace_id).filter(incident_id=incident_id).first()
    if room is not None:
        plan_postmortem_bookmark(workspace_id, room)
    if topic == "postmortem.commented":
        text = _comment_text(workspace_id, payload)
        plan_notice(workspace_id, incident_id, key=f"outbox:{event_id}", text=text)
    follow_entries(workspace_id, incident_id)


def plan_postmortem_bookmark(workspace_id: int, room: Room) -> None:
    """Plan the step that bookmarks the postmortem in the room. Idempotent."""
    with transaction.atomic():
        RoomStep.objects.bulk_create([postmortem_bookmark(workspace_id, room)], ignore_conflicts=True)
        nudge_queue(SLACK)


def _comment_text(workspace_id: int, payload: Mapping[str, Any]) -> str:
    rows = Comment.objects.of(workspace_id).filter(pk=payload.get("comment_id") or 0)
    body = rows.values_list("body", flat=True).first() or ""
    link = f"<{settings.BASE_URL}/postmortems/INC-{payload['number']}|postmortem>"
    by = escaped(str(payload.get("by") or "Tocsin"))
    return f":speech_balloon: *Comment on the {link}* by {by}\n{escaped(cut(body, MAX_COMMENT_CHARS))}"
