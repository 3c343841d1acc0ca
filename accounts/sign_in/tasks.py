"""Celery tasks and queue handlers of the accounts."""

from __future__ import annotations

from celery import shared_task

from accounts.models import InvitationMail, OnCallImport
from accounts.oncall.importing import import_calendar
from accounts.oncall.sweeper import refill_all_schedules
from accounts.people.invitation_mail import send_invitation_mail
from accounts.queues import MAIL
from accounts.sign_in.session_store import SessionStore
from core.queue.handlers import works_on
from core.queues import UPKEEP


@shared_task(name="accounts.prune", ignore_result=True)
def prune_sessions() -> None:
    """Delete expired sessions."""
    SessionStore.clear_expired()


@shared_task(name="accounts.refill_shifts", ignore_result=True)
def refill_shifts() -> None:
    """Extend the shifts of every schedule to 60 days ahead and report gaps."""
    refill_all_schedules()


@works_on(UPKEEP, OnCallImport, related=("schedule",))
def run_import(item: OnCallImport) -> None:
    """Import the calendar of a schedule."""
    import_calendar(item)


@works_on(MAIL, InvitationMail, related=("invitation__workspace", "invitation__invited_by"))
def mail_invitation(item: InvitationMail) -> None:
    """Mail an invitation."""
    send_invitation_mail(item)
