"""Periodically checks the token and the announcement channel of each team."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from core.queue.retry import PassingError
from warroom.connection.checking import CHANNEL_ID, TIMEOUT_S, granted_scopes
from warroom.connection.manifest import missing_scopes
from warroom.connection.models import SlackTeam
from warroom.connection.selectors import teams_to_probe
from warroom.connection.services.team_state import note_announce_channel, note_working
from warroom.inbound.services.inbox import store_request
from warroom.rooms.creating import find_channel
from warroom.rooms.services.planning import retry_announcements
from warroom.slack.client import call
from warroom.slack.errors import CHANNEL_GONE, HINTS, SlackRefusedError

TOKEN_EVERY_S: Final = 600.0
CHANNEL_EVERY_S: Final = 3600.0
ARCHIVED: Final = "The announcement channel was archived in Slack. Choose another one, or unarchive it."
NOT_FOUND: Final = "The announcement channel was deleted, or the app cannot see it. Choose another one."


def plan_probes(now: datetime) -> int:
    """Plan the due checks of each team. Returns how many are new."""
    planned = 0
    for team in teams_to_probe():
        for asks, key in probe_keys(team, now).items():
            planned += store_request(team.workspace_id, team, kind="probe", key=key, payload={"asks": asks})
    return planned


def probe_keys(team: SlackTeam, now: datetime) -> dict[str, str]:
    """Due check -> its key, which makes it run once per period. Pure."""
    turns = {"token": TOKEN_EVERY_S, "channel": CHANNEL_EVERY_S}
    return {asks: f"probe:{asks}:{team.pk}:{int(now.timestamp() // every)}" for asks, every in turns.items()}


def probe(team: SlackTeam, payload: Mapping[str, Any], key: str) -> str:
    """Run one check and record the result; if Slack is unreachable, the next probe repeats it."""
    with suppress(PassingError, SlackRefusedError):  # token errors are recorded by the call
        PROBES[payload["asks"]](team)
    return ""


def _probe_token(team: SlackTeam) -> None:
    scopes = granted_scopes(call(team, "auth.test", timeout_s=TIMEOUT_S))
    note_working(team.workspace_id, team, scopes=scopes, missing=missing_scopes(scopes))


def _probe_channel(team: SlackTeam) -> None:
    if not team.announce_channel:
        return
    try:
        fault, channel_id = _channel_fault(team)
    except SlackRefusedError as refused:
        if refused.code not in CHANNEL_GONE:
            raise
        fault, channel_id = NOT_FOUND, ""
    note_announce_channel(team.workspace_id, team, fault, channel_id)
    if not fault:
        team.announce_channel = channel_id or team.announce_channel
        retry_announcements(team.workspace_id, team)


def _channel_fault(team: SlackTeam) -> tuple[str, str]:
    """The channel's error or "", and its id if only its name was known."""
    channel_id = ""
    if not CHANNEL_ID.fullmatch(team.announce_channel):
        found = find_channel(team, team.announce_channel)
        if found is None:
            return NOT_FOUND, ""
        channel_id = str(found["id"])
    response = call(team, "conversations.info", channel=channel_id or team.announce_channel)
    channel = response["channel"]
    if channel.get("is_archived"):
        return ARCHIVED, channel_id
    if channel.get("is_private") and not channel.get("is_member", True):
        return HINTS["not_in_channel"], channel_id
    return "", channel_id


PROBES: Final[Mapping[str, Callable[[SlackTeam], None]]] = {
    "token": _probe_token, "channel": _probe_channel,
}  # fmt: skip
