"""The app's home tab: active incidents in which the person holds a role."""

from __future__ import annotations

from typing import Any, Final

from incidents.selectors import open_incidents_for
from warroom.connection.models import SlackTeam
from warroom.inbound.reading import incident_line
from warroom.inbound.subject import NotLinked, actor_for
from warroom.inbound.teams import teams_of_person
from warroom.slack.text import escaped, section

MAX_LINES: Final = 40
MAX_HOME_BLOCKS: Final = 98  # Slack accepts 100, including the header
NONE: Final = "You hold no role in an active incident."


def home_blocks(team: SlackTeam, slack_id: str, key: str) -> list[dict[str, Any]]:
    """A person's incidents, grouped by workspace if they are a member of several that share the app."""
    teams = teams_of_person(team, slack_id) or [team]
    blocks: list[dict[str, Any]] = []
    for one in teams:
        if len(teams) > 1:
            blocks.append(section(f"*{escaped(one.workspace.name)}* (`in:{one.workspace.slug}`)"))
        blocks += [section(line) for line in _lines(one, slack_id, key)]
    return blocks[:MAX_HOME_BLOCKS]


def _lines(team: SlackTeam, slack_id: str, key: str) -> list[str]:
    try:
        mine = open_incidents_for(actor_for(team, slack_id, key=key), only_mine=True)
    except NotLinked as problem:
        return [problem.detail]
    return [incident_line(one) for one in mine[:MAX_LINES]] or [NONE]
