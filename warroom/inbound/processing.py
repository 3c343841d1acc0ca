"""Processes stored Slack requests in the worker and replies to the person who sent them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from core.errors import Conflict, Problem
from core.http.client import HttpPermanentError, request
from core.queue.retry import PassingError
from incidents.lifecycle.services.resolving import resolve_incident
from incidents.vocabulary import Severity, Status
from warroom.connection.models import SlackTeam
from warroom.connection.services.team_state import note_revoked
from warroom.inbound.changes import follow_message, follow_unpinned
from warroom.inbound.commands import RUN_COMMANDS, parse_command
from warroom.inbound.comparing import reconcile
from warroom.inbound.home import home_blocks
from warroom.inbound.images import has_images, store_images
from warroom.inbound.models import SlackInbox
from warroom.inbound.pinned import PUSHPIN, message_at, quoted
from warroom.inbound.probing import probe
from warroom.inbound.remediating import CLICKS, act_or_approve
from warroom.inbound.services.inbox import payload_of, store_request
from warroom.inbound.services.pins import pin_message
from warroom.inbound.subject import actor_for, room_in
from warroom.inbound.writing import write_verb
from warroom.slack.client import call
from warroom.slack.text import Reply

NOTICE: Final = "notice"


def process(item: SlackInbox) -> None:
    """Process one request. Refusals are reported to the person and not retried."""
    payload = payload_of(item.workspace_id, item)
    try:
        done = PROCESSORS[item.kind](item.team, payload, item.key)
    except Problem as problem:
        done = _refusal(problem)
    reply = Reply(done) if isinstance(done, str) else done
    if reply.text and payload.get("response_url"):
        try:
            _respond(str(payload["response_url"]), reply)
        except PassingError:
            if item.kind == NOTICE:
                raise
            _respond_later(item, str(payload["response_url"]), reply.text)


def _respond_later(item: SlackInbox, url: str, text: str) -> None:
    """Send the response in a separate request: the action is done and must not be repeated."""
    notice = {"text": text, "response_url": url}
    store_request(item.workspace_id, item.team, kind=NOTICE, key=f"answer:{item.pk}", payload=notice)


def _respond(url: str, reply: Reply) -> None:
    """Reply to the person only; not retried if the response URL has expired."""
    message = reply.message() | {"replace_original": False}
    try:
        request("POST", url, json=message)
    except HttpPermanentError:
        return


def _refusal(problem: Problem) -> str:
    """The error message, with the current state of the incident on a conflict."""
    current = problem.extra.get("current") if isinstance(problem, Conflict) else None
    if not current:
        return problem.detail
    severity, status = Severity(current["severity"]).label, Status(current["status"]).label
    return f"{problem.detail}\n{current['incident_id']} is now {severity}, {status.lower()}."


def _command(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str | Reply:
    actor = actor_for(team, payload["user_id"], key=key)
    command = parse_command(payload.get("text", ""))
    if command.verb in RUN_COMMANDS:
        return act_or_approve(team, actor, command, payload.get("channel_id", ""))
    return write_verb(team, actor, command, payload.get("channel_id", ""), key=key)


def _remediation_click(team: SlackTeam, payload: Mapping[str, Any], key: str) -> Reply:
    return CLICKS[payload["actions"][0]["action_id"]](team, payload, key)


def _resolve_click(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    actor = actor_for(team, payload["user"]["id"], key=key)
    number, _, version = str(payload["actions"][0].get("value", "")).partition(":")
    done = resolve_incident(actor, number=number, version=int(version) if version.isdecimal() else None)
    return f"{done.reference} resolved."


def _shortcut(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    actor = actor_for(team, payload["user"]["id"], key=key)
    room = room_in(team, payload["channel"]["id"])
    if room is None:
        return "This channel is not the room of an incident."
    message = payload["message"]
    text = quoted(team, message)
    is_new = pin_message(
        actor, room=room, ts=message["ts"], text=text, via="shortcut", has_images=has_images(message)
    )
    faults = store_images(team, actor, room, message)
    done = "Added to the timeline." if is_new else "This message is already on the timeline."
    return "\n".join([done, *faults])


def _event(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    event = payload["event"]
    found = EVENTS.get(event.get("type"))
    return found(team, event, key) if found else ""


def _reaction(team: SlackTeam, event: Mapping[str, Any], key: str) -> str:
    item = event.get("item") or {}
    if event.get("reaction") == PUSHPIN and item.get("type") == "message":
        _pin(team, str(event["user"]), item["channel"], item["ts"], "reaction")
    return ""


def _pinned(team: SlackTeam, event: Mapping[str, Any], key: str) -> str:
    message = (event.get("item") or {}).get("message") or {}
    if event.get("user") != team.bot_user_id and message.get("ts"):
        _pin(team, str(event["user"]), event.get("channel_id", ""), message["ts"], "pin")
    return ""


def _pin(team: SlackTeam, slack_id: str, channel_id: str, ts: str, via: str) -> None:
    """Copy a message to the timeline, unless it is our own."""
    room = room_in(team, channel_id)
    if room is None:
        return
    message = message_at(team, channel_id, ts)
    if message is None or message.get("bot_id") == team.bot_id:
        return
    actor = actor_for(team, slack_id)
    text = quoted(team, message)
    pin_message(actor, room=room, ts=ts, text=text, via=via, has_images=has_images(message))
    store_images(team, actor, room, message)


def _home(team: SlackTeam, event: Mapping[str, Any], key: str) -> str:
    head = {"type": "header", "text": {"type": "plain_text", "text": "My active incidents"}}
    view = {"type": "home", "blocks": [head, *home_blocks(team, event["user"], key)]}
    call(team, "views.publish", user_id=event["user"], view=view)
    return ""


def _gone(team: SlackTeam, event: Mapping[str, Any], key: str) -> str:
    """Handle removal of the app or revocation of the bot token; user tokens are ignored."""
    tokens = event.get("tokens")
    if not isinstance(tokens, dict) or tokens.get("bot"):
        note_revoked(team.workspace_id, team, "The app was removed from Slack, or its token was revoked.")
    return ""


def _notice(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    return str(payload["text"])


Processor = Callable[[SlackTeam, Mapping[str, Any], str], str | Reply]
PROCESSORS: Final[Mapping[str, Processor]] = {
    "command": _command, "resolve": _resolve_click, "shortcut": _shortcut, "event": _event, NOTICE: _notice,
    "reconcile": reconcile, "remediation": _remediation_click, "probe": probe,
}  # fmt: skip
EVENTS: Final[Mapping[str, Callable[[SlackTeam, Mapping[str, Any], str], str]]] = {
    "reaction_added": _reaction, "pin_added": _pinned, "app_home_opened": _home, "app_uninstalled": _gone,
    "tokens_revoked": _gone, "message": follow_message, "pin_removed": follow_unpinned,
    "reaction_removed": follow_unpinned,
}  # fmt: skip
