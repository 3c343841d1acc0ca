"""Celery tasks and queue handlers of postmortems."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core.queue.handlers import works_on
from core.queues import UPKEEP
from postmortems.drafting.models import DraftRequest
from postmortems.drafting.requests import write_requested
from postmortems.fix_watch.models import FixWatch
from postmortems.fix_watch.services import end_watch
from postmortems.meetings.models import MeetingMail
from postmortems.meetings.services import send_meeting_mail
from postmortems.queues import DRAFT, MEETING
from postmortems.reminders.models import OverdueDigest, Reminder
from postmortems.reminders.services import send_digest, send_reminder
from postmortems.sweeper import sweep


@works_on(DRAFT, DraftRequest, keep=timedelta(days=7), related=("incident",))
def write_draft(request: DraftRequest) -> None:
    """Write or update a draft."""
    write_requested(request.incident, creates=request.creates)


@works_on(MEETING, MeetingMail, related=("postmortem__incident", "user"))
def mail_meeting(mail: MeetingMail) -> None:
    """Send a meeting mail."""
    send_meeting_mail(mail.workspace_id, mail=mail)


@works_on(UPKEEP, Reminder, batch=10)
def remind(reminder: Reminder) -> None:
    """Send a reminder of an action item."""
    send_reminder(reminder.workspace_id, reminder=reminder)


@works_on(UPKEEP, OverdueDigest, related=("workspace",))
def digest_overdue(digest: OverdueDigest) -> None:
    """Send a weekly digest of overdue action items."""
    send_digest(digest.workspace_id, digest=digest, now=timezone.now())


@works_on(UPKEEP, FixWatch, related=("item",))
def finish_watch(watch: FixWatch) -> None:
    """End a fix watch with its verdict."""
    end_watch(watch.workspace_id, watch=watch)


@shared_task(name="postmortems.follow_through", ignore_result=True)
def follow_through() -> None:
    """Plan this week's digests, and check watches for alerts that joined an open incident."""
    sweep(timezone.now())
