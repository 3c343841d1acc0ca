"""Checks a connection: token, scopes and announcement channel; sends a test message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from accounts.actor import Actor
from accounts.validation import invalid
from core.errors import Conflict, NotFound
from core.queue.retry import PassingError
from warroom.connection.manifest import missing_scopes
from warroom.connection.models import SlackTeam
from warroom.connection.selectors import slack_team
from warroom.connection.services.settings import Identity, record_check, record_test
from warroom.rooms.creating import find_channel
from warroom.rooms.services.planning import retry_announcements
from warroom.slack.client import call
from warroom.slack.errors import SlackRefusedError
from warroom.slack.messages import post
from warroom.slack.text import escaped

TIMEOUT_S: Final = 5
CHANNEL_ID: Final = re.compile(r"[CG][A-Z0-9]{6,}")


def check_slack(actor: Actor, *, team_id: int | None = None) -> SlackTeam:
    """Check the token with Slack and store its identity. Raises Conflict, Invalid, NotFound, Forbidden."""
    team = slack_team(actor, team_id)
    if not team.bot_token:
        raise NotFound("Slack is not connected to this workspace: save a bot token first.")
    try:
        response = call(team, "auth.test", timeout_s=TIMEOUT_S)
        team.state = SlackTeam.State.OK
        channel = _channel_id(team)
    except SlackRefusedError as refused:
        raise Conflict(f"{refused.hint} Nothing was changed.") from refused
    except PassingError as error:
        raise Conflict(f"{error} Nothing was changed.") from error
    scopes = granted_scopes(response)
    identity = Identity(
        slack_id=str(response.get("team_id", "")),
        name=str(response.get("team", "")),
        url=str(response.get("url", "")),
        bot_user_id=str(response.get("user_id", "")),
        bot_id=str(response.get("bot_id", "")),
        scopes=scopes,
    )
    missing = missing_scopes(scopes)
    with transaction.atomic():
        team = record_check(
            actor, team_id=team.pk, identity=identity, missing=missing, announce_channel=channel
        )
        retry_announcements(actor.workspace_id, team)
    return team


def granted_scopes(response: Mapping[str, Any]) -> list[str]:
    """The scopes of the token, from the response of a call."""
    return sorted(scope.strip() for scope in response["_scopes"].split(",") if scope.strip())


def send_test(actor: Actor, *, team_id: int | None = None) -> SlackTeam:
    """Post a test message in the announcement channel. Raises Conflict with Slack's reason, Forbidden."""
    team = slack_team(actor, team_id)
    if not team.slack_id or not team.announce_channel:
        raise Conflict("Save an announcement channel and check the connection first. Nothing was sent.")
    text = f":wave: Test of Tocsin, sent by {escaped(actor.label)}. {settings.BASE_URL}"
    try:
        post(team, team.announce_channel, text, key=f"test:{uuid4()}")
    except SlackRefusedError as refused:
        raise Conflict(f"{refused.hint} Nothing was sent.") from refused
    except PassingError as error:
        raise Conflict(f"{error} The test may not have been sent.") from error
    record_test(actor, team_id=team.pk)
    return team


def _channel_id(team: SlackTeam) -> str:
    """The id of the announcement channel. Raises Invalid when there is no such channel."""
    name = team.announce_channel
    if not name or CHANNEL_ID.fullmatch(name):
        return name
    found = find_channel(team, name)
    if found is None:
        raise invalid("announce_channel", "exists", "names no channel the app can see; invite the app first")
    return str(found["id"])
