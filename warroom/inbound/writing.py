"""Verbs of `/incident` that change something, through the services the web page uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings

from accounts.actor import Actor
from core.errors import Invalid
from incidents.correlation.services.opening import declare_incident
from incidents.lifecycle.services.ownership import acknowledge_incident
from incidents.lifecycle.services.resolving import close_incident, reopen_incident, resolve_incident
from incidents.lifecycle.services.responding import change_severity, change_stage, change_status
from incidents.models import Incident
from incidents.roles.services import assign_role
from incidents.selectors import incident_for
from incidents.timeline.services.notes import add_note, add_update
from incidents.vocabulary import IncidentSource, ResponseRole, Severity, Stage, Status, parse_severity
from postmortems.documents.selectors import postmortem_of
from postmortems.drafting.services import draft_postmortem
from warroom.connection.models import SlackTeam
from warroom.inbound.commands import Command, first_word
from warroom.inbound.subject import member_mentioned, named, requested_incident

Writer = Callable[[SlackTeam, Actor, Command, int, str], str]


def write_verb(team: SlackTeam, actor: Actor, command: Command, channel_id: str, *, key: str) -> str:
    """Execute a verb and return the confirmation. Raises Problem. Idempotent by `key`."""
    if command.verb == "declare":
        return _declare(team, actor, command, key)
    incident = requested_incident(team, actor, command, channel_id)
    return WRITERS[command.verb](team, actor, command, incident.number, key)


def _declare(team: SlackTeam, actor: Actor, command: Command, key: str) -> str:
    word, rest = first_word(named(team, command.text))
    try:
        severity: Severity | None = parse_severity(word)
    except ValueError:
        severity, rest = None, named(team, command.text)
    made = declare_incident(
        actor, title=rest, severity=severity, source=IncidentSource.SLACK, request_key=f"slack:{key}"
    )
    return f"{made.reference} declared."


def _ack(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    return f"{_ref(acknowledge_incident(actor, number=number, note=named(team, command.text)))} acknowledged."


def _assign(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    return _assign_role(team, actor, number, ResponseRole.COMMANDER.value, command.text)


def _role(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    role, rest = first_word(command.text)
    return _assign_role(team, actor, number, role, rest)


def _assign_role(team: SlackTeam, actor: Actor, number: int, role: str, text: str) -> str:
    mentioned = member_mentioned(team, text)
    if mentioned is None and text:
        done = assign_role(actor, number=number, role=role, username=text.lstrip("@"))
    else:
        done = assign_role(actor, number=number, role=role, user_id=mentioned or actor.user_id)
    return f"{_ref(done)}: {role.replace('_', ' ')} assigned."


def _severity(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    done = change_severity(actor, number=number, severity=first_word(command.text)[0])
    return f"{_ref(done)} is {Severity(done.severity).label}."


def _status(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    word, text = first_word(command.text)
    done = change_status(actor, number=number, status=word, message=named(team, text))
    return f"{_ref(done)} is {Status(done.status).label.lower()}."


def _stage(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    word, text = first_word(command.text)
    done = change_stage(actor, number=number, stage=word, message=named(team, text))
    return f"{_ref(done)} is in {Stage(done.stage).label.lower()}."


def _update(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    message = named(team, command.text)
    done = add_update(actor, number=number, message=message, is_public=False, request_key=f"slack:{key}")
    return f"Update added to {_ref(done)}."


def _note(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    if not command.text:
        raise Invalid("Write the note after the command: `/incident note text`.")
    done = add_note(actor, number=number, message=named(team, command.text), request_key=f"slack:{key}")
    return f"Note added to {_ref(done)}."


def _resolve(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    return f"{_ref(resolve_incident(actor, number=number, message=named(team, command.text)))} resolved."


def _reopen(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    return f"{_ref(reopen_incident(actor, number=number, message=named(team, command.text)))} reopened."


def _close(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    return f"{_ref(close_incident(actor, number=number, message=named(team, command.text)))} closed."


def _postmortem(team: SlackTeam, actor: Actor, command: Command, number: int, key: str) -> str:
    """Link to the postmortem, drafted if there is none."""
    found = postmortem_of(actor, incident_for(actor, number)) or draft_postmortem(actor, number)
    reference = f"INC-{number}"
    state = found.get_status_display().lower()
    return f"<{settings.BASE_URL}/postmortems/{reference}|Postmortem of {reference}> ({state})"


def _ref(incident: Incident) -> str:
    return str(incident.reference)


WRITERS: Final[Mapping[str, Writer]] = {
    "ack": _ack, "assign": _assign, "role": _role, "severity": _severity, "status": _status, "stage": _stage,
    "update": _update, "note": _note, "resolve": _resolve, "reopen": _reopen, "close": _close,
    "postmortem": _postmortem,
}  # fmt: skip
