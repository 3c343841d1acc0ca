"""API of Slack connections and of the links between members and Slack users."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from ninja import Path, Query, Router, Schema, Status
from pydantic import Field

from accounts.permissions import Capability, require
from accounts.tokens.api_authentication import actor_in
from core.http.link_pagination import known_only
from warroom.connection.checking import check_slack, send_test
from warroom.connection.manifest import manifest
from warroom.connection.models import SlackTeam, SlackUser
from warroom.connection.schemas import (
    SlackManifestOut,
    SlackPersonIn,
    SlackPersonOut,
    SlackTeamIn,
    SlackTeamOut,
    SlackTeamPatch,
)
from warroom.connection.selectors import slack_people, slack_team, slack_teams
from warroom.connection.services.linking import link_member, unlink_member
from warroom.connection.services.settings import SlackValues, disconnect, make_default, put_slack

router = Router(tags=["War rooms"])
SETTINGS: Final = ("announce_channel", "opens_rooms", "archive_days")
SHOWN: Final = (
    "id", "is_default", "slack_id", "name", "url", "state", "reason", "scopes", *SETTINGS, "checked_at",
    "last_accepted_at", "last_refused_at", "last_refused_why", "socket_seen_at", "socket_fault",
)  # fmt: skip


class TeamPath(Schema):
    """A connection by id."""

    slack_team_id: int = Field(
        ge=1, le=2**63 - 1, description="Id of the connection; not the team id of Slack."
    )


class PersonPath(Schema):
    """A link between a member and a Slack user."""

    slack_person_id: int = Field(ge=1, le=2**63 - 1, description="Id of the link.")


class ManifestQuery(Schema):
    """Kind of the Slack app."""

    socket: bool = Field(False, description="Whether it uses Socket Mode.")


def _json(team: SlackTeam) -> dict[str, Any]:
    secrets = ("bot_token", "signing_secret", "app_token")
    stored = {f"has_{name}": bool(getattr(team, name)) for name in secrets}
    return {name: getattr(team, name) for name in SHOWN} | stored


def _person(link: SlackUser) -> dict[str, Any]:
    names = ("id", "slack_id", "how", "linked_at")
    return {name: getattr(link, name) for name in names} | {"username": link.user.username}


@router.get("/manifest", response=SlackManifestOut, summary="Get the manifest of the Slack app")
def app_manifest(request: HttpRequest, query: Query[ManifestQuery]) -> Any:
    """For creating the app in Slack, before it is connected."""
    known_only(request, ("socket",))
    require(actor_in(request), Capability.SETTINGS_WRITE)
    return {"manifest": manifest(settings.BASE_URL, is_socket=query.socket)}


@router.get("/teams", response=list[SlackTeamOut], summary="List Slack connections")
def listed(request: HttpRequest) -> Any:
    """The default one first; secrets are never returned."""
    known_only(request, ())
    return [_json(team) for team in slack_teams(actor_in(request))]


@router.post("/teams", response={201: SlackTeamOut}, summary="Connect Slack")
def connect(request: HttpRequest, body: SlackTeamIn) -> Any:
    """Stores the secrets encrypted. Check the connection afterwards."""
    team = put_slack(actor_in(request), values=SlackValues(**body.model_dump()), is_new=True)
    return Status(201, _json(team))


@router.get("/teams/{slack_team_id}", response=SlackTeamOut, summary="Show a Slack connection")
def show(request: HttpRequest, where: Path[TeamPath]) -> Any:
    """Without its secrets."""
    known_only(request, ())
    return _json(slack_team(actor_in(request), where.slack_team_id))


@router.patch("/teams/{slack_team_id}", response=SlackTeamOut, summary="Change a Slack connection")
def change(request: HttpRequest, where: Path[TeamPath], body: SlackTeamPatch) -> Any:
    """Changes all given fields or none. The previous signing secret is accepted for a while."""
    actor = actor_in(request)
    team = slack_team(actor, where.slack_team_id)
    given = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    values = SlackValues(**{name: getattr(team, name) for name in SETTINGS} | given)
    return _json(put_slack(actor, values=values, team_id=team.pk))


@router.delete("/teams/{slack_team_id}", response={204: None}, summary="Disconnect Slack")
def remove(request: HttpRequest, where: Path[TeamPath]) -> Any:
    """Deletes the secrets; channels and links stay."""
    disconnect(actor_in(request), team_id=where.slack_team_id)
    return Status(204, None)


@router.post("/teams/{slack_team_id}/check", response=SlackTeamOut, summary="Check a Slack connection")
def check(request: HttpRequest, where: Path[TeamPath]) -> Any:
    """Checks the token, its scopes and the channel with Slack. 409 with the error of Slack."""
    return _json(check_slack(actor_in(request), team_id=where.slack_team_id))


@router.post("/teams/{slack_team_id}/test", response=SlackTeamOut, summary="Send a test message to Slack")
def test(request: HttpRequest, where: Path[TeamPath]) -> Any:
    """To the announcement channel. 409 with the error of Slack."""
    return _json(send_test(actor_in(request), team_id=where.slack_team_id))


@router.post("/teams/{slack_team_id}/default", response=SlackTeamOut, summary="Open new rooms in this team")
def default(request: HttpRequest, where: Path[TeamPath]) -> Any:
    """Makes it the default team: channels of new incidents are opened in it."""
    return _json(make_default(actor_in(request), team_id=where.slack_team_id))


@router.get("/teams/{slack_team_id}/people", response=list[SlackPersonOut], summary="List linked members")
def people(request: HttpRequest, where: Path[TeamPath]) -> Any:
    """Links between members and Slack users, by user name."""
    known_only(request, ())
    actor = actor_in(request)
    return [_person(link) for link in slack_people(actor, slack_team(actor, where.slack_team_id))]


@router.post(
    "/teams/{slack_team_id}/people", response={201: SlackPersonOut}, summary="Link a member to Slack"
)
def link(request: HttpRequest, where: Path[TeamPath], body: SlackPersonIn) -> Any:
    """Replaces earlier links of the member and of that Slack user."""
    made = link_member(
        actor_in(request), team_id=where.slack_team_id, username=body.username, slack_id=body.slack_id
    )
    links = SlackUser.objects.of(made.workspace_id).select_related("user")
    return Status(201, _person(links.get(pk=made.pk)))


@router.delete("/people/{slack_person_id}", response={204: None}, summary="Remove a link to Slack")
def unlink(request: HttpRequest, where: Path[PersonPath]) -> Any:
    """Removes the link between a member and a Slack user."""
    unlink_member(actor_in(request), link_id=where.slack_person_id)
    return Status(204, None)
