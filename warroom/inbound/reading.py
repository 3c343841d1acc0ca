"""Verbs of `/incident` that only read and reply immediately."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings
from django.utils import timezone

from accounts.actor import Actor
from accounts.oncall.selectors import schedule_views
from incidents.models import Incident
from incidents.selectors import open_incidents_for, roles_of, timeline_page
from incidents.vocabulary import CHATTER, ResponseRole, Severity, Stage, Status
from warroom.connection.models import SlackTeam
from warroom.inbound.commands import HELP, Command
from warroom.inbound.subject import requested_incident
from warroom.slack.text import cut, escaped

MAX_LISTED: Final = 15
MAX_ENTRIES: Final = 10
MAX_LINE_CHARS: Final = 200


def read_verb(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> str:
    """The reply to a read-only verb. Raises Problem."""
    return READERS[command.verb](team, actor, command, channel_id)


def incident_line(incident: Incident) -> str:
    """One incident in one line, with a link to its page."""
    link = f"<{settings.BASE_URL}/incidents/{incident.reference}|{incident.reference}>"
    severity, status = Severity(incident.severity).label, Status(incident.status).label
    return f"{link} *{severity}* {escaped(cut(incident.title, MAX_LINE_CHARS))} ({status})"


def _help(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> str:
    return f"{HELP}\n\n{_list(team, actor, command, channel_id)}"


def _list(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> str:
    found = open_incidents_for(actor)
    if not found:
        return "No active incidents."
    lines = [incident_line(one) for one in found[:MAX_LISTED]]
    rest = len(found) - len(lines)
    more = [f"and {rest} more: {settings.BASE_URL}/incidents"] if rest > 0 else []
    return "\n".join(["*Active incidents*", *lines, *more])


def _show(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> str:
    incident = requested_incident(team, actor, command, channel_id)
    roles = [
        f"{ResponseRole(one.role).label}: {escaped(one.user.label)}" for one in roles_of(actor, incident)
    ]
    lines = [incident_line(incident), f"Stage: {Stage(incident.stage).label}", *roles]
    if incident.description:
        lines.append(escaped(cut(incident.description, 1000)))
    return "\n".join(lines)


def _timeline(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> str:
    incident = requested_incident(team, actor, command, channel_id)
    page = timeline_page(actor, incident.number, without=CHATTER, limit=MAX_ENTRIES)
    lines = [
        f"{one.occurred_at:%m-%d %H:%M} {escaped(one.author_label)}: "
        + escaped(cut(one.message, MAX_LINE_CHARS))
        for one in page.items
    ]
    return "\n".join([incident_line(incident), *lines, "Times are UTC, newest first."])


def _oncall(team: SlackTeam, actor: Actor, command: Command, channel_id: str) -> str:
    views = schedule_views(actor, now=timezone.now())
    if not views:
        return "There is no on-call schedule."
    return "\n".join(
        f"*{escaped(view.schedule.name)}*: "
        + (", ".join(escaped(shift.user.label) for shift in view.now) or "no one is on call")
        for view in views
    )


READERS: Final[Mapping[str, Callable[[SlackTeam, Actor, Command, str], str]]] = {
    "help": _help, "list": _list, "show": _show, "timeline": _timeline, "oncall": _oncall,
}  # fmt: skip
