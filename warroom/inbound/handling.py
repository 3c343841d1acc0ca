"""Handles verified requests of Slack, over HTTP and Socket Mode."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from warroom.connection.models import SlackTeam
from warroom.connection.services.team_state import note_accepted, note_refused
from warroom.inbound.modals import ForeignFormError
from warroom.inbound.payloads import team_id_in
from warroom.inbound.routes import route
from warroom.inbound.teams import ask_for_workspace, requested_team
from warroom.slack.text import Reply

log = logging.getLogger(__name__)
OTHER_TEAM: Final = "The request came from another Slack team."
NOT_CHECKED: Final = "The connection was not checked yet: press Check connection."


@dataclass(frozen=True, slots=True)
class InboundResponse:
    """The response to Slack: 200, 400 for an incomplete payload, 401 for one from another team."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


def handle(teams: Sequence[SlackTeam], payload: dict[str, Any], key: str) -> InboundResponse:
    """Route a payload sent by one of these teams. `key` identifies it if it has no id."""
    named = team_id_in(payload)
    fitting = [one for one in teams if not named or named == one.slack_id]
    if not fitting:
        unchecked = next((one for one in teams if not one.slack_id), None)
        concerned = unchecked or teams[0]
        note_refused(concerned.workspace_id, concerned, NOT_CHECKED if unchecked else OTHER_TEAM)
        return InboundResponse(401)
    team = requested_team(fitting, payload)
    if team is None:
        reply = Reply(ask_for_workspace(fitting, payload)).message()
        return InboundResponse(200, json.dumps(reply), "application/json")
    try:
        status, body, content_type = route(team, payload, key)
    except (KeyError, TypeError, AttributeError, ForeignFormError) as error:  # malformed payload
        log.warning("a Slack request could not be read: %s", type(error).__name__)
        return InboundResponse(400)
    note_accepted(team.workspace_id, team)
    return InboundResponse(status, body, content_type)
