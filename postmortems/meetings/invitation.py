"""Mail of a meeting: text and an iTIP part (RFC 5546)."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from icalendar import Calendar, vCalAddress, vText

from accounts.models import User
from accounts.oncall.ical_writing import event_entry
from postmortems.documents.models import Postmortem
from postmortems.meetings.calendars import meeting_event

SMTP_S: Final = 15
_TEXT: Final = """{first}

{title}
{when}, {minutes} minutes

{url}
"""


def meeting_mail(
    postmortem: Postmortem, user: User, people: Sequence[User], *, method: str
) -> EmailMultiAlternatives:
    """Mail with text and `text/calendar`; the Message-ID is stable over retries."""
    host = urlsplit(settings.BASE_URL).hostname or "tocsin"
    sequence = postmortem.meeting_sequence
    word = "Cancelled" if method == "CANCEL" else "Invitation" if sequence == 1 else "Updated invitation"
    reference = postmortem.incident.reference
    mail = EmailMultiAlternatives(
        subject=" ".join(f"{word}: postmortem of {reference}, {postmortem.title}".split())[:200],
        body=_words(postmortem, word),
        from_email=settings.MAIL_FROM,
        to=[user.email],
        headers={
            "Message-ID": f"<meeting-{postmortem.pk}-{sequence}-{user.pk}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
        connection=get_connection(timeout=SMTP_S),
    )
    text = calendar_part(postmortem, people, method=method, host=host)
    mail.attach_alternative(text, f"text/calendar; method={method}")
    return mail


def calendar_part(postmortem: Postmortem, people: Sequence[User], *, method: str, host: str) -> str:
    """The meeting as an iTIP message, with the UID and SEQUENCE of the calendar feed."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//Meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    entry = event_entry(meeting_event(postmortem), host, settings.BASE_URL)
    if "status" not in entry:
        entry.add("status", "CONFIRMED")
    name, address = parseaddr(settings.MAIL_FROM)
    entry.add("organizer", _person(name or "Tocsin", address))
    for one in people:
        entry.add("attendee", _person(one.label, one.email, needs_response=True), encode=False)
    calendar.add_component(entry)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical()).decode()


def _person(name: str, address: str, *, needs_response: bool = False) -> vCalAddress:
    made = vCalAddress(f"mailto:{address}")
    made.params["cn"] = vText(" ".join(name.replace('"', "'").split()))
    if needs_response:
        made.params["role"] = vText("REQ-PARTICIPANT")
        made.params["partstat"] = vText("NEEDS-ACTION")
        made.params["rsvp"] = vText("TRUE")
    return made


def _words(postmortem: Postmortem, word: str) -> str:
    at = postmortem.meeting_at or postmortem.meeting_was_at
    when = f"{at.astimezone(ZoneInfo(postmortem.meeting_zone)):%A %d %B %Y, %H:%M %Z}" if at else ""
    first = {
        "Cancelled": "This meeting was cancelled.",
        "Updated invitation": "This meeting has changed.",
    }.get(word, "You are invited to the review of a postmortem.")
    url = f"{settings.BASE_URL}/postmortems/{postmortem.incident.reference}"
    minutes = postmortem.meeting_minutes
    return _TEXT.format(first=first, title=postmortem.title, when=when, minutes=minutes, url=url)
