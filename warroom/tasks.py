"""Queue handlers of rooms, announcements, messages and requests of Slack."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, LiteralString

from celery import shared_task
from django.utils import timezone

from core.queue.handlers import works_on
from warroom.inbound.models import SlackInbox
from warroom.inbound.probing import plan_probes
from warroom.inbound.processing import process
from warroom.inbound.reconcile import plan_reconciling
from warroom.queues import SLACK
from warroom.rooms.models import Announcement, RoomMessage, RoomStep
from warroom.rooms.posting import announce
from warroom.rooms.sending import send_message
from warroom.rooms.steps import run_step
from warroom.slack.outcomes import BACKOFF, run_with_backoff

# Only steps whose prerequisites exist: the channel first, the card before its pin.
READY: Final[LiteralString] = """
    w.kind = 'create' or exists (select 1 from warroom_room r where r.id = w.room_id and r.channel_id <> ''
      and (w.kind <> 'pin' or r.card_ts <> ''))"""
HAS_PLACE: Final[LiteralString] = """
    exists (select 1 from warroom_room r where r.id = w.room_id and r.channel_id <> '')
      or exists (select 1 from warroom_announcement a where a.id = w.announcement_id and a.ts <> '')"""


@works_on(SLACK, RoomStep, where=READY, backoff=BACKOFF, related=("room__team",))
def step(item: RoomStep) -> None:
    """Execute one step of a room."""
    run_with_backoff(item, lambda: run_step(item))


@works_on(SLACK, Announcement, backoff=BACKOFF, related=("team",))
def announcement(item: Announcement) -> None:
    """Post or update one announcement."""
    run_with_backoff(item, lambda: announce(item))


@works_on(
    SLACK, RoomMessage, where=HAS_PLACE, backoff=BACKOFF,
    related=("room__team", "announcement__team", "entry"),
    keep=timedelta(days=30),
)  # fmt: skip
def message(item: RoomMessage) -> None:
    """Post one message in its room or thread."""
    run_with_backoff(item, lambda: send_message(item))


@works_on(SLACK, SlackInbox, backoff=BACKOFF, related=("team",), keep=timedelta(days=7))
def inbox(item: SlackInbox) -> None:
    """Process one request of Slack."""
    run_with_backoff(item, lambda: process(item))


@shared_task(name="warroom.reconcile", ignore_result=True)
def reconcile() -> None:
    """Plan reconciliation of every open room."""
    plan_reconciling(timezone.now())


@shared_task(name="warroom.probe", ignore_result=True)
def probe() -> None:
    """Plan due checks of the token and announcement channel of every team."""
    plan_probes(timezone.now())
