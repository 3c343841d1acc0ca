"""Routes verified requests to listeners, with slack_bolt.

Changes are stored and acknowledged; the worker processes them. Reads get their response here. Modals are
opened here and, when submitted, processed here. Anything unknown is acknowledged.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from slack_bolt import Ack, App, BoltContext, BoltRequest
from slack_bolt.authorization import AuthorizeResult

from core.errors import Problem
from incidents.selectors import incident_for
from warroom.connection.manifest import COMMAND, SHORTCUT
from warroom.connection.models import SlackTeam
from warroom.inbound import modals
from warroom.inbound.changes import wants_message
from warroom.inbound.commands import HELP, MODALS, READS, RUN_COMMANDS, parse_command
from warroom.inbound.opening_modals import open_modal
from warroom.inbound.reading import read_verb
from warroom.inbound.remediating import CLICKS, list_actions, list_waiting
from warroom.inbound.services.inbox import store_request
from warroom.inbound.subject import actor_for, requested_incident
from warroom.inbound.submitting import submit
from warroom.rooms.cards import ADD_UPDATE, RESOLVE
from warroom.slack.text import Reply

ANYTHING: Final = re.compile(r".*", re.DOTALL)
TEAM: Final = "tocsin_team"
KEY: Final = "tocsin_key"
# Bolt logs request bodies, which hold messages of people.
_log = logging.getLogger("warroom.bolt")
_log.setLevel(logging.CRITICAL)


def _authorize(context: BoltContext) -> AuthorizeResult:
    team: SlackTeam = context[TEAM]
    return AuthorizeResult(
        enterprise_id=None, team_id=team.slack_id, bot_token=team.token, bot_id=team.bot_id,
        bot_user_id=team.bot_user_id,
    )  # fmt: skip


app: Final = App(
    logger=_log,
    authorize=_authorize,
    process_before_response=True,
    request_verification_enabled=False,
    token_verification_enabled=False,
)


def route(team: SlackTeam, payload: dict[str, Any], key: str) -> tuple[int, str, str]:
    """Dispatch a verified payload to its listener. Returns status, body and content type of the response."""
    context = {TEAM: team, KEY: str(payload.get("event_id") or key)}
    response = app.dispatch(BoltRequest(body=payload, mode="socket_mode", context=context))
    return 200, str(response.body or ""), response.first_headers().get("content-type", "text/plain")


@app.error
def fail(error: Exception) -> None:
    """Re-raise errors of listeners: the request fails and Slack resends it."""
    raise error


@app.command(COMMAND)
def command(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
    """`/incident`: reply to a read, open a modal, or store a change."""
    team: SlackTeam = context[TEAM]
    try:
        done = _command_reply(team, body, context[KEY])
    except Problem as problem:
        done = problem.detail
    reply = Reply(done) if isinstance(done, str) else done
    ack(**reply.message()) if reply.text else ack()


def _command_reply(team: SlackTeam, body: dict[str, Any], key: str) -> str | Reply:
    command, channel = parse_command(body.get("text", "")), body.get("channel_id", "")
    if not command.is_known:
        return f"There is no `{COMMAND} {command.verb[:40]}`.\n{HELP}"
    actor = actor_for(team, body["user_id"], key=key)
    if command.verb in READS:
        return read_verb(team, actor, command, channel)
    if command.verb in RUN_COMMANDS and not command.text:
        listed = list_actions if command.verb == "actions" else list_waiting
        return listed(team, actor, command, channel)
    if command.verb in MODALS and not command.text:
        incident = None if command.verb == "declare" else requested_incident(team, actor, command, channel)
        return open_modal(team, modals.OF_VERB[command.verb], body["trigger_id"], incident)
    store_request(team.workspace_id, team, kind="command", key=key, payload=body)
    return ""


@app.action(RESOLVE)
def resolve(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
    """Button "Mark resolved": store it."""
    store_request(context[TEAM].workspace_id, context[TEAM], kind="resolve", key=context[KEY], payload=body)
    ack()


@app.action(re.compile("|".join(CLICKS)))
def remediate(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
    """Buttons of actions and runs: store them."""
    team: SlackTeam = context[TEAM]
    store_request(team.workspace_id, team, kind="remediation", key=context[KEY], payload=body)
    ack()


@app.action(ADD_UPDATE)
def add_update(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
    """Button "Add update": open the modal; errors are sent to the person."""
    team: SlackTeam = context[TEAM]
    try:
        actor = actor_for(team, body["user"]["id"], key=context[KEY])
        number = str(body["actions"][0].get("value", "")).partition(":")[0]
        error = open_modal(team, modals.UPDATE, body["trigger_id"], incident_for(actor, number))
    except Problem as problem:
        error = problem.detail
    if error:
        notice = {"text": error, "response_url": body.get("response_url", "")}
        store_request(team.workspace_id, team, kind="notice", key=context[KEY], payload=notice)
    ack()


@app.view(re.compile("|".join(modals.OF_VERB.values())))
def submitted(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
    """Modal submission: process it, or return errors by field."""
    try:
        faults = submit(context[TEAM], body, context[KEY])
    except Problem as problem:
        faults = {modals.first_field(body["view"]): problem.detail}
    ack(response_action="errors", errors=faults) if faults else ack()


@app.shortcut(SHORTCUT)
def shortcut(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
    """Shortcut "Add to incident timeline": store it."""
    store_request(context[TEAM].workspace_id, context[TEAM], kind="shortcut", key=context[KEY], payload=body)
    ack()


@app.event(ANYTHING)
def event(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
    """Events: store them; of messages only those that may affect a timeline."""
    inner = body.get("event") or {}
    if inner.get("type") == "message" and not wants_message(inner):
        ack()
        return
    store_request(context[TEAM].workspace_id, context[TEAM], kind="event", key=context[KEY], payload=body)
    ack()


@app.command(ANYTHING)
@app.action(ANYTHING)
@app.view(ANYTHING)
@app.shortcut(ANYTHING)
@app.options(ANYTHING)
def unknown(ack: Ack) -> None:
    """Unknown ids and link buttons: acknowledge only."""
    ack()
