"""Signed links with which Slack users link themselves to a member."""

from __future__ import annotations

from typing import Final, NamedTuple

from django.conf import settings
from django.core import signing

from core.errors import NotFound

SALT: Final = "warroom.link"
MAX_AGE_S: Final = 900
EXPIRED: Final = (
    "This link has expired or belongs to another workspace. Type /incident in Slack for a new one."
)


class SlackAccount(NamedTuple):
    """A Slack user as a link states it; `name` is their name in Slack, "" if unknown."""

    team_id: int
    slack_id: str
    name: str = ""


def link_url(team_id: int, slack_id: str, name: str = "") -> str:
    """Link for a Slack user to link themselves, valid for fifteen minutes."""
    token = signing.dumps([team_id, slack_id, name], salt=SALT)
    return f"{settings.BASE_URL}/slack/link?token={token}"


def read_link(token: str) -> SlackAccount:
    """The Slack user of a link. Raises NotFound."""
    try:
        team_id, slack_id, *name = signing.loads(token, salt=SALT, max_age=MAX_AGE_S)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFound(EXPIRED) from error
    return SlackAccount(int(team_id), str(slack_id), *map(str, name[:1]))
