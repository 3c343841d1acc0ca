"""Plans and sends the mails of postmortem meetings."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import User
from core.queue.items import settle
from core.queue.retry import PassingError, PermanentError
from core.queue.runner import nudge_queue
from postmortems.documents.models import Postmortem
from postmortems.meetings.invitation import meeting_mail
from postmortems.meetings.models import MeetingMail
from postmortems.meetings.selectors import attendees
from postmortems.queues import MEETING

Method = MeetingMail.Method


def plan_meeting_mails(workspace_id: int, *, postmortem_id: int) -> int:
    """Plan a mail to each attendee for the current meeting. Idempotent. Returns how many are new.

    A cancellation goes to those who were invited. None without a mail server, or for a past meeting.
    """
    rows = Postmortem.objects.of(workspace_id).filter(pk=postmortem_id)
    found: Postmortem | None = rows.select_related("incident").first()
    if found is None or not found.meeting_sequence or not settings.MAIL_FROM:
        return 0
    at = found.meeting_at or found.meeting_was_at
    if at is None or at + timedelta(minutes=found.meeting_minutes) < timezone.now():
        return 0
    own = MeetingMail.objects.of(workspace_id).filter(postmortem=found)
    invited = set(own.filter(method=Method.REQUEST).values_list("user_id", flat=True))
    people = {one.pk for one in attendees(found)} if found.meeting_at else invited
    method = Method.REQUEST if found.meeting_at else Method.CANCEL
    before = own.count()
    MeetingMail.objects.of(workspace_id).bulk_create(
        [
            MeetingMail(
                workspace_id=workspace_id, postmortem=found, user_id=pk, method=method,
                sequence=found.meeting_sequence,
            )
            for pk in sorted(people)
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    nudge_queue(MEETING)
    return int(own.count() - before)


def send_meeting_mail(workspace_id: int, *, mail: MeetingMail) -> None:
    """Send it, unless the meeting has changed since. Raises PassingError, PermanentError."""
    postmortem = mail.postmortem
    if mail.sequence == postmortem.meeting_sequence and _is_reachable(mail.user):
        message = meeting_mail(postmortem, mail.user, attendees(postmortem), method=mail.method)
        if not connection.in_atomic_block:
            connection.close()  # free the connection during the call
        try:
            message.send()
        except OSError as error:  # SMTP errors are OSErrors; codes from 500 are permanent
            refused = [code for code, _ in getattr(error, "recipients", {}).values()]
            code = max(refused, default=getattr(error, "smtp_code", 0))
            text = f"the mail server refused or cannot be reached: {code or error}"
            raise (PermanentError if code >= 500 else PassingError)(text) from error
        settle(mail, was_sent=True)
    else:
        settle(mail)


def _is_reachable(user: User) -> bool:
    return bool(user.is_active and user.email and user.address_proven_at)
