"""Checks the connection: the token, its scopes, the announcement channel."""

from __future__ import annotations

import re
from typing import Final

from accounts.actor import Actor
from accounts.permissions import Capability, require
from accounts.validation import invalid
from core.errors import Conflict, NotFound
from core.queue.retry import PassingError
from warroom.connection.manifest import missing_scopes
from warroom.connection.models import SlackTeam
from warroom.connection.services.settings import Identity, record_check
from warroom.rooms.creating import find_channel
from warroom.slack.client import call
from warroom.slack.errors import SlackRefusedError

TIMEOUT_S: Final = 5
_CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{6,}")


def check_slack(actor: Actor) -> SlackTeam:
    """Ask Slack who the token is and store it. Raises Conflict with Slack's reason, Invalid, Forbidden."""
    require(actor, Capability.SETTINGS_WRITE)
    team: SlackTeam | None = SlackTeam.objects.of(actor.workspace_id).first()
    if team is None or not team.bot_token:
        raise NotFound("Slack is not connected to this workspace: save a bot token first.")
    try:
        answer = call(team, "auth.test", timeout_s=TIMEOUT_S)
        team.state = SlackTeam.State.OK
        channel = _channel_id(team)
    except SlackRefusedError as refused:
        raise Conflict(f"{refused.hint} Nothing was changed.") from refused
    except PassingError as error:
        raise Conflict(f"{error} Nothing was changed.") from error
    scopes = sorted(scope.strip() for scope in answer["_scopes"].split(",") if scope.strip())
    identity = Identity(
        slack_id=str(answer.get("team_id", "")),
        name=str(answer.get("team", "")),
        url=str(answer.get("url", "")),
        bot_user_id=str(answer.get("user_id", "")),
        bot_id=str(answer.get("bot_id", "")),
        scopes=scopes,
    )
    return record_check(actor, identity=identity, missing=missing_scopes(scopes), announce_channel=channel)


def _channel_id(team: SlackTeam) -> str:
    """The id of the announcement channel. Raises Invalid when there is no such channel."""
    name = team.announce_channel
    if not name or _CHANNEL_ID.fullmatch(name):
        return name
    found = find_channel(team, name)
    if found is None:
        raise invalid("announce_channel", "exists", "names no channel the app can see; invite the app first")
    return str(found["id"])
