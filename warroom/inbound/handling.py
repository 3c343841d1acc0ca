"""What every request of Slack goes through once it is known to be of Slack: over HTTP and in Socket Mode."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from warroom.connection.models import SlackTeam
from warroom.connection.services.standing import note_accepted, note_refused
from warroom.inbound.modals import ForeignFormError
from warroom.inbound.payloads import team_id_in
from warroom.inbound.routes import route
from warroom.inbound.teams import team_meant, which_workspace
from warroom.slack.text import Answer

log = logging.getLogger(__name__)
OTHER_TEAM: Final = "The request is of another Slack team."
NOT_CHECKED: Final = "The connection was not checked yet: press Check connection."


@dataclass(frozen=True, slots=True)
class Handled:
    """The answer to Slack: 200, 400 for a payload without its parts, 401 for one of another team."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


def handle(teams: Sequence[SlackTeam], payload: dict[str, Any], key: str) -> Handled:
    """Route a payload that one of these teams sent. `key` names it where it has no id of its own."""
    named = team_id_in(payload)
    fitting = [one for one in teams if not named or named == one.slack_id]
    if not fitting:
        unchecked = next((one for one in teams if not one.slack_id), None)
        concerned = unchecked or teams[0]
        note_refused(concerned.workspace_id, concerned, NOT_CHECKED if unchecked else OTHER_TEAM)
        return Handled(401)
    team = team_meant(fitting, payload)
    if team is None:
        told = Answer(which_workspace(fitting, payload)).message()
        return Handled(200, json.dumps(told), "application/json")
    try:
        status, answer, content_type = route(team, payload, key)
    except (KeyError, TypeError, AttributeError, ForeignFormError) as error:  # not as its kind must be
        log.warning("a Slack request could not be read: %s", type(error).__name__)
        return Handled(400)
    note_accepted(team.workspace_id, team)
    return Handled(status, answer, content_type)
